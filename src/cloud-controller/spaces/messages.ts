import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { presentResourceName, resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

/** Null is false, as in the original. */
const suspended = z.boolean().nullable();

export const createSpaceMessage = z.strictObject({
  relationships: relationshipsOf({ organization: toOneRelationship("organization") }),
  name: presentResourceName,
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});

export const updateSpaceMessage = z.strictObject({
  name: resourceName.optional(),
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});

export const featureMessage = z.strictObject({ enabled: z.boolean() });
