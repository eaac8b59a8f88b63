import { z } from "zod";
import { checkMessage } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { scaleProcessMessage } from "../processes/messages.ts";

/** Options that may be given as null, as the official client does, and count as not given then. */
const optionKeys = [
  "canary",
  "max_in_flight",
  "web_instances",
  "memory_in_mb",
  "disk_in_mb",
  "log_rate_limit_in_bytes_per_second",
];
/** More would not fit the original's column of 4096 characters. */
const maximumSteps = 100;

const options = z.object({
  max_in_flight: z.int().min(1).nullish(),
  web_instances: scaleProcessMessage.shape.instances,
  memory_in_mb: scaleProcessMessage.shape.memory_in_mb,
  disk_in_mb: scaleProcessMessage.shape.disk_in_mb,
  log_rate_limit_in_bytes_per_second: scaleProcessMessage.shape.log_rate_limit_in_bytes_per_second,
  canary: z
    .object({
      steps: z
        .array(z.object({ instance_weight: z.int().min(1).max(100) }))
        .max(maximumSteps)
        .nullish(),
    })
    .nullish(),
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One without a guid names nothing; what else it has (a revision's `version`) is let be. */
const reference = z
  .object({ guid: z.unknown().optional() }, { error: "must be an object" })
  .transform(({ guid }) => (typeof guid === "string" ? guid : undefined))
  .nullish();

const app = z.object({ app: z.object({ data: z.object({ guid: z.string() }) }) });

export const createDeploymentMessage = z
  .strictObject({
    /** Whatever does not name an app is answered like an app that is not there. */
    relationships: z
      .unknown()
      .optional()
      .transform((value) => app.safeParse(value).data?.app.data.guid),
    droplet: reference,
    revision: reference,
    strategy: z
      .unknown()
      .transform((value, context): "rolling" | "canary" => {
        if (value === undefined || value === null) return "rolling";
        if (value === "rolling" || value === "canary") return value;
        const text = typeof value === "string" ? value : JSON.stringify(value);
        const message = `Strategy '${text}' is not a supported deployment strategy`;
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      })
      .default("rolling"),
    options: z.unknown().optional(),
    metadata: metadataSchema.optional(),
  })
  .transform((message, context) => {
    const faults = [
      ...(message.droplet != null && message.revision != null
        ? ["Droplet Cannot set both fields 'droplet' and 'revision'"]
        : []),
      ...optionFaults(message.options, message.strategy),
    ];
    for (const fault of faults) context.addIssue({ code: "custom", message: fault });
    const parsed = options.safeParse(message.options ?? {});
    if (faults.length > 0 || !parsed.success) return z.NEVER;
    const { data } = parsed;
    return {
      appGuid: message.relationships,
      dropletGuid: message.droplet ?? undefined,
      revisionGuid: message.revision ?? undefined,
      strategy: message.strategy,
      metadata: message.metadata,
      maxInFlight: data.max_in_flight ?? 1,
      webInstances: data.web_instances ?? null,
      memoryInMb: data.memory_in_mb ?? null,
      diskInMb: data.disk_in_mb ?? null,
      logRateLimitInBytesPerSecond: data.log_rate_limit_in_bytes_per_second ?? null,
      canarySteps: data.canary?.steps?.map((step) => step.instance_weight) ?? null,
    };
  });

export type CreateDeployment = z.output<typeof createDeploymentMessage>;

export const updateDeploymentMessage = z.strictObject({ metadata: metadataSchema.optional() });

/** Cloud Controller's sentences about options; the attribute's path stands before each in words. */
function optionFaults(given: unknown, strategy: string): string[] {
  if (given === undefined || given === null) return [];
  if (!isObject(given)) return ["Options must be an object"];
  const unknown = Object.keys(given).filter((key) => !optionKeys.includes(key));
  return [
    ...(unknown.length === 0 ? [] : [`Options has unsupported key(s): ${unknown.join(", ")}`]),
    ...scaleFaults(given),
    ...maxInFlightFaults(given["max_in_flight"]),
    ...canaryFaults(given["canary"], strategy),
  ];
}

function scaleFaults(given: Readonly<Record<string, unknown>>): string[] {
  const checked = checkMessage(scaleProcessMessage, {
    instances: given["web_instances"],
    memory_in_mb: given["memory_in_mb"],
    disk_in_mb: given["disk_in_mb"],
    log_rate_limit_in_bytes_per_second: given["log_rate_limit_in_bytes_per_second"],
  });
  if (checked.ok) return [];
  return checked.errors.map((fault) => fault.replace(/^Instances /, "Web instances "));
}

function maxInFlightFaults(given: unknown): string[] {
  if (given === undefined || given === null || given === false) return [];
  const isPositive = typeof given === "number" && Number.isSafeInteger(given) && given >= 1;
  return isPositive ? [] : ["Max in flight must be an integer greater than 0"];
}

function canaryFaults(canary: unknown, strategy: string): string[] {
  if (canary === undefined || canary === null) return [];
  if (!isObject(canary)) return ["Options canary must be an object"];
  if (strategy !== "canary") return ["Options canary are only valid for Canary deployments"];
  const { steps } = canary;
  if (steps === undefined || steps === null) return [];
  if (!Array.isArray(steps) || !steps.every(isObject)) {
    return ["Options canary steps must be an array of objects"];
  }
  if (steps.length > maximumSteps) {
    return [`Options canary steps must be at most ${maximumSteps}`];
  }
  const unknown = steps.flatMap((step) => {
    const keys = Object.keys(step).filter((key) => key !== "instance_weight");
    return keys.length === 0
      ? []
      : [`Options canary steps has unsupported key(s): ${keys.join(", ")}`];
  });
  return [...unknown, ...weightFaults(steps)];
}

function weightFaults(steps: readonly Readonly<Record<string, unknown>>[]): string[] {
  const attribute = "Options canary steps instance weight";
  const range = `${attribute} must be an Integer between 1-100 (inclusive)`;
  const missing = steps.some((step) => !Object.hasOwn(step, "instance_weight"))
    ? ['Options canary steps missing key: "instance_weight"']
    : [];
  const weights = steps.map((step) => step["instance_weight"]);
  if (!weights.every((weight): weight is number => Number.isSafeInteger(weight))) {
    return [...missing, range];
  }
  const isInRange = weights.every((weight) => weight >= 1 && weight <= 100);
  const isAscending = weights.every((weight, index) => weight >= (weights[index - 1] ?? weight));
  return [
    ...missing,
    ...(isInRange ? [] : [range]),
    ...(isAscending ? [] : [`${attribute} must be sorted in ascending order`]),
  ];
}
