import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const suspended = z.boolean();

export const createOrganizationMessage = z.strictObject({
  name: resourceName,
  suspended: suspended.optional(),
  relationships: z.strictObject({ quota: toOneRelationship("quota").optional() }).optional(),
  metadata: metadataSchema.optional(),
});

export const updateOrganizationMessage = z.strictObject({
  name: resourceName.optional(),
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});
