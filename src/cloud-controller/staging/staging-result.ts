import { z } from "zod";

/** What the builder writes to `/tmp/result.json`. Further keys are allowed. */
const resultSchema = z.object({
  execution_metadata: z.string(),
  lifecycle_type: z.literal("buildpack"),
  lifecycle_metadata: z.object({
    buildpack_key: z.string().nullish(),
    detected_buildpack: z.string(),
    buildpacks: z
      .array(
        z.object({
          key: z.string(),
          name: z.string().nullish(),
          version: z.string().nullish(),
        }),
      )
      .nullish(),
  }),
  process_types: z.record(z.string().regex(/^[\w.-]{1,255}$/), z.string()).nullish(),
  sidecars: z
    .array(
      z.object({
        name: z.string().min(1).max(255),
        command: z.string().min(1).max(4096),
        process_types: z.array(z.string()),
        memory: z.number().int().nonnegative().nullish(),
      }),
    )
    .nullish(),
});

export type StagingResult = z.infer<typeof resultSchema>;

/** Undefined where the text is no result: "Malformed message from Diego stager". */
export function parseStagingResult(text: string): StagingResult | undefined {
  try {
    return resultSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
