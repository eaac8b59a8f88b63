import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

export const createSpaceMessage = z.strictObject({
  name: resourceName,
  suspended: z.boolean().optional(),
  relationships: z.strictObject({ organization: toOneRelationship("organization") }),
  metadata: metadataSchema.optional(),
});

export const updateSpaceMessage = z.strictObject({
  name: resourceName.optional(),
  suspended: z.boolean().optional(),
  metadata: metadataSchema.optional(),
});

export const featureMessage = z.strictObject({ enabled: z.boolean() });
