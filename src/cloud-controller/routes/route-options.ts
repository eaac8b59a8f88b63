/** The options of a route as they are stored and handed to the router. */
export type RouteOptions = Readonly<Record<string, string>>;

/** `hash`, with its header and balance, is there only while the feature flag `hash_based_routing` is on. */
export interface OptionRules {
  readonly hash: boolean;
}

const optionNames = ["loadbalancing", "hash_header", "hash_balance"] as const;
const maximumBytes = 1024;
const maximumHeaderLength = 128;
const maximumBalanceLength = 16;

export function knownOptions({ hash }: OptionRules): readonly string[] {
  return hash ? optionNames : ["loadbalancing"];
}

export function loadBalancingAlgorithms({ hash }: OptionRules): readonly string[] {
  return ["round-robin", "least-connection", ...(hash ? ["hash"] : [])];
}

/** What is wrong with the `options` of a request, in Cloud Controller's words. */
export function optionFaults(options: unknown, rules: OptionRules): string[] {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return ["Options 'options' is not a valid object"];
  }
  const given = new Map<string, unknown>(Object.entries(options));
  const faults: string[] = [];
  const bytes = Buffer.byteLength(JSON.stringify(options));
  if (bytes > maximumBytes) {
    faults.push(`must be smaller than ${maximumBytes} bytes (actual size is ${bytes} bytes)`);
  }
  const known = knownOptions(rules);
  const unknown = [...given].flatMap(([key, value]) =>
    known.includes(key) || (optionNames.some((name) => name === key) && isBlank(value))
      ? []
      : [`'${key}'`],
  );
  if (unknown.length > 0) faults.push(`Unknown field(s): ${unknown.join(", ")}`);
  const loadbalancing = given.get("loadbalancing");
  const algorithms = loadBalancingAlgorithms(rules);
  if (!isBlank(loadbalancing) && !algorithms.some((name) => name === loadbalancing)) {
    faults.push(`Loadbalancing must be one of '${algorithms.join(", ")}' if present`);
  }
  if (rules.hash) {
    faults.push(
      ...hashFaults({
        loadbalancing,
        header: given.get("hash_header"),
        balance: given.get("hash_balance"),
      }),
    );
  }
  return faults.map((fault) => `Options ${fault}`);
}

export function hashFaults({
  loadbalancing,
  header,
  balance,
}: {
  readonly loadbalancing: unknown;
  readonly header: unknown;
  readonly balance: unknown;
}): string[] {
  const faults: string[] = [];
  if (!isBlank(header) && (typeof header !== "string" || header.length > maximumHeaderLength)) {
    faults.push(`Hash header must be at most ${maximumHeaderLength} characters`);
  }
  const fault = isBlank(balance) ? undefined : balanceFault(balance);
  if (fault !== undefined) faults.push(fault);
  if (isBlank(loadbalancing) || loadbalancing === "hash") return faults;
  if (!isBlank(header)) faults.push("Hash header can only be set when loadbalancing is hash");
  if (!isBlank(balance)) faults.push("Hash balance can only be set when loadbalancing is hash");
  return faults;
}

function balanceFault(balance: unknown): string | undefined {
  if (String(balance).length > maximumBalanceLength) {
    return `Hash balance must be at most ${maximumBalanceLength} characters`;
  }
  const value =
    typeof balance === "number" || typeof balance === "string" ? Number(balance) : Number.NaN;
  if (Number.isNaN(value)) return "Hash balance must be a numeric value";
  return value === 0 || (value >= 1.1 && value <= 10)
    ? undefined
    : "Hash balance must be either 0 or between 1.1 and 10.0";
}

export type MergedOptions =
  | { readonly ok: true; readonly options: RouteOptions }
  | { readonly ok: false; readonly fault: string };

/** Options that passed `optionFaults`, over those that a route has; null takes one away. */
export function mergeOptions(
  current: RouteOptions,
  given: Readonly<Record<string, unknown>>,
): MergedOptions {
  const merged: Record<string, string> = {};
  for (const name of optionNames) {
    const value = Object.hasOwn(given, name) ? given[name] : current[name];
    if (isBlank(value)) continue;
    // A balance has one decimal, whatever it was written with.
    merged[name] =
      name === "hash_balance" ? (Math.round(Number(value) * 10) / 10).toFixed(1) : String(value);
  }
  if (merged["loadbalancing"] !== "hash") {
    delete merged["hash_header"];
    delete merged["hash_balance"];
  } else if (merged["hash_header"] === undefined) {
    return { ok: false, fault: "Hash header must be present when loadbalancing is set to hash." };
  }
  return { ok: true, options: merged };
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
