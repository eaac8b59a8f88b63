import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { parseSource } from "./source.ts";

const source = z.string().transform((text, context) => {
  const parsed = parseSource(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: "custom",
    message: "must be in format 'cf:app:<uuid>', 'cf:space:<uuid>', 'cf:org:<uuid>', or 'cf:any'",
  });
  return z.NEVER;
});

export const createRoutePolicyMessage = z.strictObject({
  source,
  relationships: z.strictObject(
    { route: toOneRelationship("route") },
    { error: "'relationships' is not an object" },
  ),
  metadata: metadataSchema.optional(),
});

export const updateRoutePolicyMessage = z.strictObject({ metadata: metadataSchema.optional() });
