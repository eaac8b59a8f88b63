import { z } from "zod";
import {
  hashFaults,
  knownOptions,
  loadBalancingAlgorithms,
  type OptionRules,
} from "../routes/route-options.ts";
import { parseManifestRoute, type ManifestRoute } from "./manifest-route.ts";
import { isMap, type YamlMap, type YamlValue } from "./parse-manifest.ts";

/** What a manifest asks of its app's routes. */
export type ManifestRouting =
  | { readonly kind: "routes"; readonly routes: readonly ManifestRoute[] }
  | { readonly kind: "none" | "random" | "default" | "unchanged" };

const protocols = z.enum(["http1", "http2", "tcp"]);

/** `no-route` has the first word, `routes` the second; the made-up ones only count without these. */
export function parseRouting(map: YamlMap, rules: OptionRules, errors: string[]): ManifestRouting {
  const { routes: given } = map;
  const routes = given === undefined ? undefined : parseRoutes(given, rules, errors);
  const flag = (key: string, label: string) => {
    const value = map[key] ?? false;
    if (typeof value !== "boolean") errors.push(`${label} must be a boolean`);
    return value === true;
  };
  const none = flag("no_route", "No-route");
  const standard = flag("default_route", "Default-route");
  const random = flag("random_route", "Random-route");
  if (random && standard) {
    errors.push("Random-route and default-route may not be used together");
  }
  if (none) return { kind: "none" };
  if (routes !== undefined) return { kind: "routes", routes };
  if (random) return { kind: "random" };
  return { kind: standard ? "default" : "unchanged" };
}

function parseRoutes(given: YamlValue, rules: OptionRules, errors: string[]): ManifestRoute[] {
  const entries = Array.isArray(given) ? given.filter(isRouteEntry) : [];
  if (!Array.isArray(given) || entries.length < given.length) {
    errors.push("Routes must be a list of route objects");
    return [];
  }
  const faults: readonly string[] = [
    ...entries.flatMap(({ route }) =>
      parseManifestRoute(route) === undefined
        ? [`The route '${route}' is not a properly formed URL`]
        : [],
    ),
    ...entries.flatMap(({ protocol }) =>
      protocol === undefined || protocol === null || protocols.safeParse(protocol).success
        ? []
        : ["Route protocol must be 'http1', 'http2' or 'tcp'."],
    ),
    ...entries.flatMap((entry) => optionFaultsOf(entry, rules)),
  ];
  errors.push(...faults);
  return entries.flatMap(({ route, protocol, options }) => {
    const parsed = parseManifestRoute(route);
    if (parsed === undefined) return [];
    const wanted = protocols.safeParse(protocol);
    return [
      {
        ...parsed,
        protocol: wanted.success ? wanted.data : undefined,
        options: isMap(options) ? options : {},
      },
    ];
  });
}

type RouteEntry = YamlMap & { readonly route: string };

function isRouteEntry(value: YamlValue): value is RouteEntry {
  return isMap(value) && typeof value["route"] === "string" && value["route"] !== "";
}

function optionFaultsOf({ route, options }: RouteEntry, rules: OptionRules): string[] {
  if (options === undefined) return [];
  if (!isMap(options)) return [`Route '${route}': options must be an object`];
  const known = knownOptions(rules);
  const faults = Object.keys(options)
    .filter((key) => !known.includes(key))
    .map(
      (key) =>
        `Route '${route}' contains invalid route option '${key}'. Valid keys: '${known.join(", ")}'`,
    );
  const { loadbalancing } = options;
  const valid = `Valid values are: '${loadBalancingAlgorithms(rules).join(", ")}'`;
  if (Object.hasOwn(options, "loadbalancing")) {
    if (typeof loadbalancing !== "string") {
      faults.push(`Invalid value for 'loadbalancing' for Route '${route}'; ${valid}`);
    } else if (!loadBalancingAlgorithms(rules).includes(loadbalancing)) {
      faults.push(
        `Cannot use loadbalancing value '${loadbalancing}' for Route '${route}'; ${valid}`,
      );
    }
  }
  if (!rules.hash) return faults;
  const { hash_header: header, hash_balance: balance } = options;
  return [
    ...faults,
    ...hashFaults({ loadbalancing, header, balance }).map((fault) => `Route '${route}': ${fault}`),
  ];
}
