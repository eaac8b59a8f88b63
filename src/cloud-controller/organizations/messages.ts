import { z } from "zod";
import { resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const suspended = z.boolean();

export const createOrganizationMessage = z.strictObject({
  name: resourceName,
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});

export const updateOrganizationMessage = z.strictObject({
  name: resourceName.optional(),
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});
