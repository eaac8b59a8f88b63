import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import type { EgressException } from "./firewall.ts";

/**
 * `ADDRESS`, `ADDRESS/BITS` or `HOST:PORT` as rules for the firewall. What cannot be told or found out is named in
 * `unusable`, with the reason.
 */
export async function resolveEgressExceptions(
  entries: readonly string[],
  resolve: (host: string) => Promise<readonly string[]> = ipv4AddressesOf,
): Promise<{ exceptions: EgressException[]; unusable: string[] }> {
  const exceptions: EgressException[] = [];
  const unusable: string[] = [];
  for (const entry of new Set(entries)) {
    const parsed = parseEntry(entry);
    if (parsed === undefined) {
      unusable.push(`"${entry}" is no address, network or host with a port`);
      continue;
    }
    const destinations =
      parsed.kind === "literal" ? [parsed.destination] : await resolve(parsed.host);
    if (destinations.length === 0) unusable.push(`"${entry}" has no IPv4 address`);
    for (const destination of destinations) {
      if (destination.startsWith("127.")) {
        unusable.push(
          `"${entry}" is on the loopback of this machine, which no container can reach`,
        );
        continue;
      }
      exceptions.push({
        destination,
        ...(parsed.port === undefined ? {} : { port: parsed.port }),
      });
    }
  }
  return { exceptions, unusable };
}

type ParsedEntry =
  | { readonly kind: "literal"; readonly destination: string; readonly port?: number }
  | { readonly kind: "name"; readonly host: string; readonly port: number };

function parseEntry(entry: string): ParsedEntry | undefined {
  const [network = "", bits] = entry.split("/");
  if (isIPv4(network)) {
    if (bits === undefined) return { kind: "literal", destination: network };
    return /^\d{1,2}$/.test(bits) && Number(bits) <= 32
      ? { kind: "literal", destination: entry }
      : undefined;
  }
  const match = /^([a-zA-Z0-9._-]+):(\d{1,5})$/.exec(entry);
  if (match === null) return undefined;
  const [, host = "", port = ""] = match;
  if (Number(port) < 1 || Number(port) > 65_535) return undefined;
  return isIPv4(host)
    ? { kind: "literal", destination: host, port: Number(port) }
    : { kind: "name", host, port: Number(port) };
}

async function ipv4AddressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true, family: 4 })).map(({ address }) => address);
  } catch {
    return [];
  }
}
