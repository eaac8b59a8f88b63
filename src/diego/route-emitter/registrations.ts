import { toNanoseconds } from "#kernel/clock/clock.ts";
import type { ActualLrpNetInfo, RunningLrp } from "#diego/models/actual-lrp.ts";
import type { DesiredLrp } from "#diego/models/desired-lrp.ts";
import { metricTagsOf } from "#diego/models/metric-tags.ts";
import type { RouteRegistration } from "#router/client.ts";
import type { CfRoute } from "./cf-router.ts";

export interface RoutedProcess {
  readonly processGuid: string;
  readonly logGuid: string;
  readonly instances: number;
  readonly metricTags: DesiredLrp["metricTags"];
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
  // Routes with other options are told apart: a message's options are those of all its routes.
  const groups = Map.groupBy(process.cfRoutes, ({ port, options }) =>
    JSON.stringify([port, options]),
  );
  return running
    .filter((lrp) => lrp.routable && lrp.key.index < process.instances)
    .flatMap((lrp) =>
      [...groups.values()].flatMap((routes) => {
        const uris = new Set(
          routes.flatMap(({ hostnames }) => hostnames.map((hostname) => hostname.toLowerCase())),
        );
        const [first] = routes;
        const endpoint = first && endpointOf(lrp.netInfo, first.port);
        if (endpoint === undefined || uris.size === 0) return [];
        const message = registration(process, lrp, { ...endpoint, uris: [...uris] });
        return [first?.options === undefined ? message : { ...message, options: first.options }];
      }),
    );
}

/** What the router must be told so that it knows `wanted` where it knew `known`. */
export function planEmission(
  known: readonly RouteRegistration[],
  wanted: readonly RouteRegistration[],
): { readonly register: RouteRegistration[]; readonly unregister: RouteRegistration[] } {
  const taken = new Set(known.map((message) => JSON.stringify(message)));
  const register = wanted.filter((message) => !taken.has(JSON.stringify(message)));
  const wantedByEndpoint = Map.groupBy(wanted, endpointKey);
  const unregister = known.flatMap((message) => {
    const now = wantedByEndpoint.get(endpointKey(message)) ?? [];
    const still = new Set(now.flatMap(({ uris }) => uris));
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
  const { instanceGuid } = lrp.instanceKey;
  return {
    ...endpoint,
    app: process.logGuid,
    private_instance_id: instanceGuid,
    private_instance_index: String(lrp.key.index),
    // The definition's, as the original: an event of an instance carries none, and a rename reaches the router at once.
    tags: {
      component: "route-emitter",
      ...metricTagsOf(process.metricTags, { index: lrp.key.index, instanceGuid }),
    },
    endpoint_updated_at_ns: Number(toNanoseconds(lrp.since)),
  };
}

function endpointKey(message: RouteRegistration): string {
  return `${message.host}:${message.port}/${message.private_instance_id}`;
}
