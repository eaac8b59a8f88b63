import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const relationships = relationshipsOf({ app: toOneRelationship("app") });

export const dropletCreateMessage = z.strictObject({
  relationships,
  process_types: z
    .record(z.string(), z.string({ error: "Process types value must be a string" }), {
      error: "Process types must be an object",
    })
    .refine((types) => !Object.hasOwn(types, ""), {
      error: "Process types key must not be empty",
    })
    .nullish(),
});

export const dropletCopyMessage = z.strictObject({ relationships });

export const dropletUpdateMessage = z.strictObject({
  metadata: metadataSchema.optional(),
  image: z.string().nullish(),
});
