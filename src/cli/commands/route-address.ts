import { findDomain, type Domain, type RouteAddress } from "../api/routes.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { Failure } from "../failure.ts";
import type { Flag } from "./flag.ts";
import { parsePort, parseRoutePath } from "./flag-values.ts";
import type { ParsedInput } from "./parsed-input.ts";

export const addressFlags: readonly Flag[] = [
  {
    long: "hostname",
    short: "n",
    takes: "value",
    description: "Hostname for the HTTP route (required for shared domains)",
  },
  { long: "path", takes: "value", description: "Path for the HTTP route" },
  { long: "port", takes: "value", description: "Port for the TCP route (default: random port)" },
];

/** For a route that exists already. */
export function knownAddressFlags(hostname: string): readonly Flag[] {
  return [
    { long: "hostname", short: "n", takes: "value", description: hostname },
    { long: "path", takes: "value", description: "Path used to identify the HTTP route" },
    { long: "port", takes: "value", description: "Port used to identify the TCP route" },
  ];
}

export const optionFlag: Flag = {
  long: "option",
  short: "o",
  takes: "values",
  description: "Set the value of a per-route option",
};

export function readAddress(input: ParsedInput): RouteAddress {
  return {
    hostname: input.value("hostname") ?? "",
    path: parseRoutePath(input.value("path")),
    port: parsePort(input.value("port")),
  };
}

export function addressUrl(domain: string, { hostname, path, port }: RouteAddress): string {
  const host = hostname === "" ? domain : `${hostname}.${domain}`;
  return host + path + (port === undefined ? "" : `:${port}`);
}

export async function requireDomain(cc: CloudController, name: string): Promise<Domain> {
  const domain = await findDomain(cc, name);
  if (domain === undefined) throw new Failure(`Domain '${name}' not found.`);
  return domain;
}

export function routeNotFound(domain: string, { hostname, path, port }: RouteAddress): string {
  if (port !== undefined) return `Route with domain '${domain}' and port ${port} not found.`;
  return `Route with host '${hostname}', domain '${domain}', and path '${path === "" ? "/" : path}' not found.`;
}

/** `-o name=value`, repeated. */
export function readRouteOptions(
  input: ParsedInput,
  domain: string,
  { hostname, path }: RouteAddress,
): Record<string, string> {
  return Object.fromEntries(
    input.values("option").map((option) => {
      const equals = option.indexOf("=");
      if (equals > 0) return [option.slice(0, equals), option.slice(equals + 1)];
      throw new Failure(
        `Route option '${option}' for route with host '${hostname}', domain '${domain}', and path '${path === "" ? "/" : path}' was specified incorrectly. Please use key-value pair format key=value.`,
      );
    }),
  );
}
