import { z } from "zod";

/** One destination that a request asks for, whole. */
export interface WantedDestination {
  readonly appGuid: string;
  readonly processType: string;
  readonly port: number;
  readonly weight: number | null;
  /** Undefined: the one that the route's own protocol has, http1. */
  readonly protocol: DestinationProtocol | undefined;
}

const destinationProtocols = ["http1", "http2", "tcp"] as const;
type DestinationProtocol = (typeof destinationProtocols)[number];

const defaultPort = 8080;
const maximumDestinations = 100;
const maximumPorts = 10;

const destination = z.object({
  app: z.object({ guid: z.string(), process: z.object({ type: z.string() }).nullish() }),
  port: z.number().nullish(),
  weight: z.number().nullish(),
  protocol: z.enum(destinationProtocols).nullish(),
});

/** `insert` adds to what a route has; `replace` is its whole list, and alone may weigh. */
export type DestinationsMode = "insert" | "replace";

export function destinationsMessage(mode: DestinationsMode) {
  return z
    .strictObject({ destinations: z.unknown().optional() })
    .transform(({ destinations }, context): readonly WantedDestination[] => {
      const faults = destinationFaults(destinations, mode);
      for (const message of faults) context.addIssue({ code: "custom", message });
      return faults.length > 0 ? [] : z.array(destination).parse(destinations).map(toWanted);
    });
}

function toWanted({ app, port, weight, protocol }: z.infer<typeof destination>): WantedDestination {
  return {
    appGuid: app.guid,
    processType: app.process?.type ?? "web",
    port: port ?? defaultPort,
    weight: weight ?? null,
    protocol: protocol ?? undefined,
  };
}

/** What is wrong with a list of destinations, in Cloud Controller's words. */
function destinationFaults(list: unknown, mode: DestinationsMode): string[] {
  const minimum = mode === "insert" ? 1 : 0;
  if (!Array.isArray(list) || list.length < minimum || list.length > maximumDestinations) {
    return [
      `Destinations must be an array containing between ${minimum} and ${maximumDestinations} destination objects.`,
    ];
  }
  const items: readonly unknown[] = list;
  const faults = items.flatMap((item, index) =>
    faultsOfOne(item, mode).map((fault) => `Destinations[${index}]: ${fault}`),
  );
  const portsOfApp = Map.groupBy(items.filter(isObject), (item) => JSON.stringify(item["app"]));
  if ([...portsOfApp.values()].some((ports) => ports.length > maximumPorts)) {
    faults.push(tooManyPorts);
  }
  return faults.length > 0 ? faults : weightFaults(items.filter(isObject));
}

export const tooManyPorts = `Process must have at most ${maximumPorts} exposed ports.`;

export function exceedsPorts(ports: ReadonlySet<number>): boolean {
  return ports.size > maximumPorts;
}

function faultsOfOne(item: unknown, mode: DestinationsMode): string[] {
  if (!isObject(item)) return ["must be an object."];
  if (!Object.hasOwn(item, "app")) return ['must have an "app".'];
  const known = new Set(["app", "weight", "port", "protocol"]);
  if (Object.keys(item).some((key) => !known.has(key))) {
    return ['must have only "app" and optionally "weight", "port" or "protocol".'];
  }
  const { app, weight, port, protocol } = item;
  const faults: string[] = [];
  if (!isObject(app) || !isGuid(app["guid"])) {
    faults.push('app must have the structure {"guid": "app_guid"}');
  } else if (!isProcess(app["process"])) {
    faults.push('process must have the structure {"type": "process_type"}');
  }
  if (isGiven(weight) && mode === "insert") {
    faults.push("weighted destinations can only be used when replacing all destinations.");
  } else if (isGiven(weight) && !isBetween(weight, 1, 100)) {
    faults.push("weight must be a positive integer between 1 and 100.");
  }
  if (isGiven(port) && !isBetween(port, 1024, 65_535)) {
    faults.push("port must be a positive integer between 1024 and 65535 inclusive.");
  }
  if (isGiven(protocol) && !destinationProtocols.some((name) => name === protocol)) {
    faults.push("protocol must be 'http1', 'http2' or 'tcp'.");
  }
  return faults;
}

function weightFaults(items: readonly Readonly<Record<string, unknown>>[]): string[] {
  const weights = items.map((item) => item["weight"]).filter(isGiven);
  if (weights.length === 0) return [];
  if (weights.length < items.length) {
    return ["Destinations cannot contain both weighted and unweighted destinations."];
  }
  const sum = weights.reduce<number>((total, weight) => total + Number(weight), 0);
  return sum === 100 ? [] : ["Destinations must have weights that sum to 100."];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isGuid(value: unknown): boolean {
  return typeof value === "string" && value.length >= 1 && value.length < 200;
}

function isProcess(value: unknown): boolean {
  if (!isGiven(value)) return true;
  if (!isObject(value) || Object.keys(value).join() !== "type") return false;
  const { type } = value;
  return typeof type === "string" && type.length >= 1 && type.length <= 255;
}

function isBetween(value: unknown, minimum: number, maximum: number): boolean {
  return (
    typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum
  );
}

const protocolFault = "Destination protocol must be 'http1', 'http2' or 'tcp'.";

export const updateDestinationMessage = z.strictObject({
  protocol: z.enum(destinationProtocols, { error: protocolFault }).optional(),
});
