import { z } from "zod";
import { lifecycleMessage } from "../apps/messages.ts";
import { numeric } from "../http/numeric.ts";
import { maximumInteger } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const guidLength = "Package guid must be between 1 and 200 characters";
const packageGuid = z
  .string({
    error: ({ input }) =>
      input === undefined
        ? `Package guid can't be blank, Package guid must be a string, ${guidLength}`
        : `Package guid must be a string, ${guidLength}`,
  })
  .min(1, { error: `Package guid can't be blank, ${guidLength}` })
  .max(200, { error: guidLength });

const size = numeric(
  z.int().min(1, { error: "must be greater than 0" }).max(maximumInteger),
).nullish();

export const buildCreateMessage = z.strictObject({
  package: z.object(
    { guid: packageGuid },
    { error: `Package guid can't be blank, Package guid must be a string, ${guidLength}` },
  ),
  lifecycle: lifecycleMessage.optional(),
  staging_disk_in_mb: size,
  staging_memory_in_mb: size,
  staging_log_rate_limit_bytes_per_second: numeric(
    z.int().min(-1).max(Number.MAX_SAFE_INTEGER),
  ).nullish(),
  environment_variables: z.record(z.string(), z.unknown()).nullish(),
  metadata: metadataSchema.optional(),
});

export type BuildCreateMessage = z.infer<typeof buildCreateMessage>;

export const buildUpdateMessage = z
  .strictObject({
    metadata: metadataSchema.optional(),
    state: z
      .enum(["STAGED", "FAILED"], {
        error: ({ input }) =>
          `State '${typeof input === "string" ? input : ""}' is not a valid state`,
      })
      .optional(),
    error: z.string().nullish(),
    lifecycle: z.looseObject({}).optional(),
  })
  .refine(({ state, lifecycle }) => state !== "STAGED" || lifecycle !== undefined, {
    error: "Lifecycle 'STAGED' builds require lifecycle data",
  });
