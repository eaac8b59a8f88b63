import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { randomGuids } from "#kernel/guid.ts";
import type { ContainerRuntime, ContainerSpec, ProcessExit } from "../container-runtime.ts";

type Check = readonly [reason: string, test: string];

/** What a container must be like before any tenant gets one. Each line exits with a status of its own. */
const checksOfAll: readonly Check[] = [
  ["it is not user 2000", '[ "$(id -u)" = 2000 ]'],
  ["its root is the host's", "! grep -q '^ *0 *0 ' /proc/self/uid_map"],
  ["it has capabilities", "grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status"],
  ["it could gain privileges", "grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status"],
  ["system calls are not filtered", "grep -q '^Seccomp:[[:space:]]*2' /proc/self/status"],
  ["its home cannot be written", "mkdir /home/vcap/probe && echo 1 > /home/vcap/probe/file"],
  ["/tmp is another file system", "mv /home/vcap/probe /tmp/probe && [ -f /tmp/probe/file ]"],
  ["the stack can be written", "! touch /usr/probe 2>/dev/null"],
];

/** Where an ordinary user has one id, vcap owns all that is not bound read-only, and the network is the host's. */
const checksOfRoot: readonly Check[] = [
  ["/etc can be written", "! touch /etc/probe 2>/dev/null"],
  ["it has no network of its own", "grep -q '^ *eth0:' /proc/net/dev"],
];

const probeDiskBytes = 16 * 1024 ** 2;

const checksOfDisk: readonly Check[] = [
  ["its disk has no limit", `[ $(( $(stat -f -c '%a * %S' /home/vcap) )) -le ${probeDiskBytes} ]`],
];

const firstStatus = 100;
const passedStatus = 7;

/** @throws with the reason where the runtime makes no container, or one that is not as it must be. */
export async function probeRuntime(
  runtime: ContainerRuntime,
  stack: string,
  options: { readonly madeBy: "root" | "ordinary user"; readonly limitsDisk: boolean },
): Promise<void> {
  const checks = [
    ...checksOfAll,
    ...(options.madeBy === "root" ? checksOfRoot : []),
    ...(options.limitsDisk ? checksOfDisk : []),
  ];
  const container = await runtime.create(probeSpec(stack));
  try {
    const process = await container.run({
      id: "probe",
      path: "/bin/sh",
      args: ["-c", scriptOf(checks)],
      env: [],
      dir: "",
      user: "vcap",
    });
    process.stdout.resume();
    process.stderr.resume();
    const reason = verdict(checks, await process.exited);
    if (reason !== undefined) throw new Error(`a container is not as it must be: ${reason}`);
  } finally {
    await container.destroy();
  }
}

export function probeSpec(stack: string): ContainerSpec {
  return {
    handle: `probe-${randomGuids()}`,
    stack,
    layers: [],
    binds: [],
    limits: { memoryBytes: 64 * 1024 ** 2, pids: 32, cpuShares: 64, diskBytes: probeDiskBytes },
    egress: false,
    properties: { probe: "true" },
  };
}

function scriptOf(checks: readonly Check[]): string {
  const lines = checks.map(([, test], i) => `{ ${test}; } || exit ${firstStatus + i}`);
  return [...lines, `exit ${passedStatus}`].join("\n");
}

function verdict(checks: readonly Check[], { status }: ProcessExit): string | undefined {
  if (status === passedStatus) return undefined;
  return checks[status - firstStatus]?.[0] ?? `the probe ended with status ${status}`;
}

const probeFile = z.object({
  key: z.string(),
  idMapKind: z.enum(["idmapped", "split"]),
  /** Why disk limits are not enforced; absent where they are. */
  diskUnlimited: z.string().optional(),
});

export type ProbeResult = z.infer<typeof probeFile>;

/** The result of an earlier probe, where it was of the same boot, programs and stack. */
export function readProbe(file: string, key: string): ProbeResult | undefined {
  try {
    const result = probeFile.parse(JSON.parse(readFileSync(file, "utf8")));
    return result.key === key ? result : undefined;
  } catch {
    return undefined;
  }
}

export function writeProbe(file: string, result: ProbeResult): void {
  writeFileSync(file, JSON.stringify(result));
}
