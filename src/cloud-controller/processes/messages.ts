import { z } from "zod";
import { maximumInteger } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

/** Of one process. Each is an entry of every answer about it and a row of the BBS, so there is an end to it. */
const maximumInstances = 5000;
const positive = z.int().min(1, { error: "must be greater than 0" }).max(maximumInteger);
const optionalSeconds = positive.nullable().optional();
const endpoint = z.string().max(255).nullable().optional();

const checkTypes = ["port", "process", "http"] as const;
const typeError = `must be one of "port", "process", "http"`;

const healthCheckMessage = z.strictObject({
  type: z.enum(checkTypes, { error: typeError }).optional(),
  data: z
    .strictObject({
      timeout: optionalSeconds,
      invocation_timeout: optionalSeconds,
      interval: optionalSeconds,
      endpoint,
    })
    .optional(),
});
const readinessMessage = z.strictObject({
  type: z.enum(checkTypes, { error: typeError }).optional(),
  data: z
    .strictObject({ invocation_timeout: optionalSeconds, interval: optionalSeconds, endpoint })
    .optional(),
});

export const updateProcessMessage = z.strictObject({
  command: z
    .string()
    .min(1, { error: "must be between 1 and 4096 characters" })
    .max(4096, { error: "must be between 1 and 4096 characters" })
    .nullable()
    .optional(),
  user: z.string().min(1).max(255).nullable().optional(),
  health_check: healthCheckMessage.optional(),
  readiness_health_check: readinessMessage.optional(),
  metadata: metadataSchema.optional(),
});

/** Shared with manifests: all that a process can be given at once. */
export type ProcessUpdate = z.infer<typeof updateProcessMessage>;

export const scaleProcessMessage = z.strictObject({
  instances: z
    .int()
    .min(0, { error: "must be greater than or equal to 0" })
    .max(maximumInstances, { error: `must be less than or equal to ${maximumInstances}` })
    .optional(),
  memory_in_mb: positive.optional(),
  disk_in_mb: positive.optional(),
  log_rate_limit_in_bytes_per_second: z
    .int()
    .min(-1, { error: "must be greater than or equal to -1" })
    .optional(),
});

export type ProcessScale = z.infer<typeof scaleProcessMessage>;
