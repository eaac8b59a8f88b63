import { z } from "zod";
import { maximumInteger } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const lifecycle = z.strictObject({
  type: z.enum(["buildpack", "docker", "cnb"], {
    error: "is not included in the list: buildpack, docker, cnb",
  }),
  data: z.strictObject({
    buildpacks: z.array(z.string({ error: "can only contain strings" }).min(1).max(4096)).nullish(),
    stack: z.string().min(1).max(4096).nullish(),
    credentials: z.record(z.string(), z.unknown()).nullish(),
  }),
});

export const buildCreateMessage = z.strictObject({
  package: z.strictObject({ guid: z.string().min(1).max(200) }),
  lifecycle: lifecycle.optional(),
  staging_memory_in_mb: z.int().min(1).max(maximumInteger).nullish(),
  staging_disk_in_mb: z.int().min(1).max(maximumInteger).nullish(),
  staging_log_rate_limit_bytes_per_second: z.int().min(-1).nullish(),
  environment_variables: z.record(z.string(), z.unknown()).nullish(),
  metadata: metadataSchema.optional(),
});

export type BuildCreateMessage = z.infer<typeof buildCreateMessage>;

export const buildUpdateMessage = z.strictObject({ metadata: metadataSchema.optional() });
