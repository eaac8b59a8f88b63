import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { parseSource } from "./source.ts";

/** Cloud Controller asks for presence, for a string and for its form, each in its own words. */
const source = z.unknown().transform((value, context) => {
  const parsed = typeof value === "string" ? parseSource(value) : undefined;
  if (parsed !== undefined) return parsed;
  const fault = (predicate: string) =>
    context.addIssue({ code: "custom", message: `Source ${predicate}` });
  const isBlank = (value ?? null) === null || (typeof value === "string" && value.trim() === "");
  if (isBlank) fault("can't be blank");
  fault(
    typeof value === "string"
      ? "must be in format 'cf:app:<uuid>', 'cf:space:<uuid>', 'cf:org:<uuid>', or 'cf:any'"
      : "must be a string",
  );
  return z.NEVER;
});

export const createRoutePolicyMessage = z.strictObject({
  relationships: relationshipsOf({ route: toOneRelationship("route") }),
  source,
  metadata: metadataSchema.optional(),
});

export const updateRoutePolicyMessage = z.strictObject({ metadata: metadataSchema.optional() });
