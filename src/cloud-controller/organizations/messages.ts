import { z } from "zod";
import { presentResourceName, resourceName } from "../http/resource-name.ts";
import { metadataSchema } from "../metadata/metadata.ts";

/** Null is false, as in the original. */
const suspended = z.boolean().nullable();

export const createOrganizationMessage = z.strictObject({
  name: presentResourceName,
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});

export const updateOrganizationMessage = z.strictObject({
  name: resourceName.optional(),
  suspended: suspended.optional(),
  metadata: metadataSchema.optional(),
});
