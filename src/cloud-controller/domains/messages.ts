import { z } from "zod";
import { toManyRelationship, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

const domainName = z
  .string()
  .min(3, { error: "is too short (minimum is 3 characters)" })
  .max(253)
  .refine((name) => name.split(".").every((part) => label.test(part)), {
    error: "does not comply with RFC 1035 standards",
  })
  .refine((name) => name.includes("."), { error: "must contain at least one '.'" });

export const createDomainMessage = z.strictObject({
  name: domainName,
  internal: z.boolean().nullable().optional(),
  router_group: z.strictObject({ guid: z.string() }).nullable().optional(),
  relationships: z
    .strictObject({
      organization: toOneRelationship("organization").optional(),
      shared_organizations: toManyRelationship("shared_organizations").optional(),
    })
    .optional(),
  metadata: metadataSchema.optional(),
});

export type CreateDomain = z.infer<typeof createDomainMessage>;

export const updateDomainMessage = z.strictObject({ metadata: metadataSchema.optional() });
