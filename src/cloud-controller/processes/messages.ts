import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { maximumInteger } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

/** Of one process. Each is an entry of every answer about it and a row of the BBS, so there is an end to it. */
export const maximumInstances = 5000;
const positive = numeric(z.int().min(1, { error: "must be greater than 0" }).max(maximumInteger));

/** Whole seconds; the attribute is named as Cloud Controller flattens it: "Health check timeout". */
function seconds(attribute: string) {
  return numeric(
    z
      .int({
        error: ({ input }) =>
          `${attribute} ${typeof input === "number" ? "must be an integer" : "is not a number"}`,
      })
      .min(1, { error: `${attribute} must be greater than or equal to 1` })
      .max(maximumInteger, {
        error: `${attribute} must be less than or equal to ${maximumInteger}`,
      }),
  )
    .nullable()
    .optional();
}

function endpoint(attribute: string) {
  const notPath = `${attribute} must be a valid URI path`;
  return z
    .string({ error: notPath })
    .max(255, { error: `${attribute} is too long (maximum is 255 characters)` })
    .regex(/^\/(?:[^\s/\p{Cc}][^\s\p{Cc}]*)?$/u, { error: notPath })
    .nullable()
    .optional();
}

function check<Data extends z.ZodRawShape>(attribute: string, data: Data) {
  return z.strictObject({
    type: z
      .enum(["port", "process", "http"], {
        error: `${attribute} type must be "port", "process", or "http"`,
      })
      .optional(),
    data: z.strictObject(data).nullish(),
  });
}

const liveness = "Health check";
const readiness = "Readiness health check";

const length = "must be between 1 and 4096 characters";
const userLength = "must be between 1 and 255 characters";

export const updateProcessMessage = z.strictObject({
  command: z.string().min(1, { error: length }).max(4096, { error: length }).nullable().optional(),
  user: z
    .string()
    .min(1, { error: userLength })
    .max(255, { error: userLength })
    .nullable()
    .optional(),
  health_check: check(liveness, {
    timeout: seconds(`${liveness} timeout`),
    invocation_timeout: seconds(`${liveness} invocation timeout`),
    interval: seconds(`${liveness} interval`),
    endpoint: endpoint(`${liveness} endpoint`),
  }).nullish(),
  readiness_health_check: check(readiness, {
    invocation_timeout: seconds(`${readiness} invocation timeout`),
    interval: seconds(`${readiness} interval`),
    endpoint: endpoint(`${readiness} endpoint`),
  }).nullish(),
  metadata: metadataSchema.optional(),
});

/** Shared with manifests: all that a process can be given at once. */
export type ProcessUpdate = z.infer<typeof updateProcessMessage>;

/** A key that is missing or null leaves its value as it is. */
export const scaleProcessMessage = z.strictObject({
  instances: numeric(z.int().min(0).max(maximumInstances)).nullish(),
  memory_in_mb: positive.nullish(),
  disk_in_mb: positive.nullish(),
  log_rate_limit_in_bytes_per_second: numeric(
    z.int().min(-1).max(Number.MAX_SAFE_INTEGER),
  ).nullish(),
});

export type ProcessScale = z.infer<typeof scaleProcessMessage>;
