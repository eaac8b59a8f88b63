import { toNanoseconds } from "#kernel/clock/clock.ts";
import type { ActualLrpNetInfo, RunningLrp } from "#diego/models/actual-lrp.ts";
import type { RouteRegistration } from "#router/client.ts";
import type { CfRoute } from "./cf-router.ts";

export interface RoutedProcess {
  readonly processGuid: string;
  readonly logGuid: string;
  readonly instances: number;
  readonly cfRoutes: readonly CfRoute[];
}

/**
 * The messages `router.register` of a process: one for each routable instance and port that has host names. Instances
 * beyond the desired number are on their way out and have none.
 */
export function registrationsOf(
  process: RoutedProcess,
  running: readonly RunningLrp[],
): RouteRegistration[] {
  const urisOfPort = new Map<number, Set<string>>();
  for (const { hostnames, port } of process.cfRoutes) {
    const uris = urisOfPort.get(port) ?? new Set<string>();
    for (const hostname of hostnames) uris.add(hostname.toLowerCase());
    urisOfPort.set(port, uris);
  }
  return running
    .filter((lrp) => lrp.routable && lrp.key.index < process.instances)
    .flatMap((lrp) =>
      [...urisOfPort].flatMap(([containerPort, uris]) => {
        const endpoint = endpointOf(lrp.netInfo, containerPort);
        if (endpoint === undefined || uris.size === 0) return [];
        return [registration(process, lrp, { ...endpoint, uris: [...uris] })];
      }),
    );
}

/** What the router must be told so that it knows `wanted` where it knew `known`. */
export function planEmission(
  known: readonly RouteRegistration[],
  wanted: readonly RouteRegistration[],
): { readonly register: RouteRegistration[]; readonly unregister: RouteRegistration[] } {
  const knownByEndpoint = new Map(known.map((message) => [endpointKey(message), message]));
  const wantedByEndpoint = new Map(wanted.map((message) => [endpointKey(message), message]));
  const register = wanted.filter((message) => {
    const before = knownByEndpoint.get(endpointKey(message));
    return before === undefined || JSON.stringify(before) !== JSON.stringify(message);
  });
  const unregister = known.flatMap((message) => {
    const still = new Set(wantedByEndpoint.get(endpointKey(message))?.uris);
    const uris = message.uris.filter((uri) => !still.has(uri));
    return uris.length === 0 ? [] : [{ ...message, uris }];
  });
  return { register, unregister };
}

/** Where a router on this host reaches the port: the container's own address where the cell prefers it. */
function endpointOf(
  netInfo: ActualLrpNetInfo,
  containerPort: number,
): { readonly host: string; readonly port: number } | undefined {
  const mapping = netInfo.ports.find((candidate) => candidate.containerPort === containerPort);
  if (mapping === undefined) return undefined;
  const host = netInfo.preferredAddress === "INSTANCE" ? netInfo.instanceAddress : netInfo.address;
  return host === "" || mapping.hostPort === 0 ? undefined : { host, port: mapping.hostPort };
}

function registration(
  process: RoutedProcess,
  lrp: RunningLrp,
  endpoint: { readonly host: string; readonly port: number; readonly uris: readonly string[] },
): RouteRegistration {
  return {
    ...endpoint,
    app: process.logGuid,
    private_instance_id: lrp.instanceKey.instanceGuid,
    private_instance_index: String(lrp.key.index),
    tags: { component: "route-emitter", ...lrp.metricTags },
    endpoint_updated_at_ns: Number(toNanoseconds(lrp.since)),
  };
}

function endpointKey(message: RouteRegistration): string {
  return `${message.host}:${message.port}/${message.private_instance_id}`;
}
