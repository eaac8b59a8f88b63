import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const relationships = z.strictObject({ app: toOneRelationship("app") });

export const dropletCreateMessage = z.strictObject({
  relationships,
  process_types: z
    .record(
      z.string().min(1, { error: "Process types key must not be empty" }),
      z.string({ error: "Process types value must be a string" }),
    )
    .optional(),
  metadata: metadataSchema.optional(),
});

export const dropletCopyMessage = z.strictObject({
  relationships,
  metadata: metadataSchema.optional(),
});

export const dropletUpdateMessage = z.strictObject({
  metadata: metadataSchema.optional(),
});
