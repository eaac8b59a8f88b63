import { isIPv4 } from "node:net";
import { readIfThere } from "../host/read-if-there.ts";

const stub = "127.0.0.53";

/** IPv4 resolvers of the host that a container can reach. */
export function hostResolvers(
  read: (file: string) => string | undefined = readIfThere,
): readonly string[] {
  const configured = nameservers(read("/etc/resolv.conf") ?? "");
  // systemd-resolved answers on the host's loopback only and keeps the real ones here.
  const real = configured.includes(stub)
    ? nameservers(read("/run/systemd/resolve/resolv.conf") ?? "")
    : configured;
  return real.filter((address) => isIPv4(address) && !address.startsWith("127."));
}

function nameservers(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .slice(0, 3);
}
