import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { runChecked } from "#kernel/process/run-command.ts";
import type { Spawner } from "#kernel/process/spawner.ts";
import { egressPrefix, gatewayAddress, isolatedPrefix, type SlotIdentity } from "./addresses.ts";
import { type EgressException, firewallRules } from "./firewall.ts";
import { uplinksOf } from "./uplinks.ts";

const settings = "/proc/sys/net";

export interface HostNetworkFacts {
  readonly dnsServers: readonly string[];
  readonly exceptions: readonly EgressException[];
}

/**
 * Loads the firewall and lets the interfaces that lead to the world forward. `net.ipv4.ip_forward` is left alone.
 * Gives the interfaces that did not forward before, for `closeHostNetwork`.
 */
export async function openHostNetwork(facts: HostNetworkFacts): Promise<readonly string[]> {
  const hostNetworks = Object.entries(networkInterfaces())
    .filter(([name]) => !name.startsWith(egressPrefix) && !name.startsWith(isolatedPrefix))
    .flatMap(([, addresses]) => addresses ?? [])
    .flatMap(({ family, cidr }) => (family === "IPv4" && cidr !== null ? [cidr] : []));
  const rules = firewallRules({ ...facts, hostNetworks });
  await runChecked("nft", ["-f", "-"], { input: rules, timeoutMs: 10_000 });
  const uplinks = uplinksOf(readFileSync("/proc/net/route", "utf8"), [
    ...facts.dnsServers,
    ...facts.exceptions.map(({ destination }) => destination),
  ]);
  const changed: string[] = [];
  for (const uplink of uplinks) {
    const file = path.join(settings, "ipv4/conf", uplink, "forwarding");
    if (readFileSync(file, "utf8").trim() === "1") continue;
    writeFileSync(file, "1");
    changed.push(uplink);
  }
  return changed;
}

/** Gives the host back as it was; for the last cell on it. */
export async function closeHostNetwork(uplinks: readonly string[]): Promise<void> {
  await runChecked("nft", ["-f", "-"], {
    input: "table inet rivera\ndelete table inet rivera\n",
    timeoutMs: 10_000,
  });
  for (const uplink of uplinks) {
    const file = path.join(settings, "ipv4/conf", uplink, "forwarding");
    if (existsSync(file)) writeFileSync(file, "0");
  }
}

/**
 * Joins a container, whose network namespace is that of `pid`, to the host, and bounds what its user namespace may
 * use of the kernel's shared tables (without that one container takes all inotify instances of the host).
 */
export async function attachNetwork(
  spawner: Spawner,
  pid: number,
  identity: SlotIdentity,
): Promise<void> {
  const { address, interfaceName } = identity;
  await spawner.runChecked(
    "sh",
    [
      "-ec",
      joinScript,
      "sh",
      String(pid),
      `link add ${interfaceName} type veth peer name eth0 netns ${pid}
addr add ${gatewayAddress} peer ${address} dev ${interfaceName}
link set ${interfaceName} up
`,
      insideScript,
    ],
    {
      timeoutMs: 10_000,
      input: `link set lo up
addr add ${address} peer ${gatewayAddress} dev eth0
link set eth0 up
route add default via ${gatewayAddress}
`,
    },
  );
  writeFileSync(path.join(settings, "ipv4/conf", interfaceName, "forwarding"), "1");
  const ipv6 = path.join(settings, "ipv6/conf", interfaceName, "disable_ipv6");
  if (existsSync(ipv6)) writeFileSync(ipv6, "1");
}

// One program for both sides. The second half runs as the root of
// the container's user namespace, which owns the network namespace; the programs are the host's.
const joinScript = `printf %s "$2" | ip -batch -
exec nsenter -t "$1" -U -n -S 0 -G 0 sh -ec "$3"`;

const insideScript = `ip -batch -
cd /proc/sys/user
echo 0 > max_user_namespaces
echo 64 > max_inotify_instances`;
