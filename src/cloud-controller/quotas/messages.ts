import { z } from "zod";
import { numeric } from "../http/numeric.ts";
import { maximumInteger, toManyRelationship, toOneRelationship } from "../http/parse-message.ts";
import { requiredName } from "../http/resource-name.ts";

/** Null and what is left out of a new quota are unlimited. */
function limit(maximum: number) {
  return numeric(
    z
      .number()
      .min(0)
      .max(maximum)
      .refine((value) => Number.isInteger(value), { error: "must be an integer" }),
  )
    .nullable()
    .optional();
}

const name = requiredName(250);

const groups = {
  apps: z
    .strictObject({
      total_memory_in_mb: limit(maximumInteger),
      per_process_memory_in_mb: limit(maximumInteger),
      total_instances: limit(maximumInteger),
      per_app_tasks: limit(maximumInteger),
      log_rate_limit_in_bytes_per_second: limit(Number.MAX_SAFE_INTEGER),
    })
    .optional(),
  services: z
    .strictObject({
      paid_services_allowed: z.boolean().nullable().optional(),
      total_service_instances: limit(maximumInteger),
      total_service_keys: limit(maximumInteger),
    })
    .optional(),
  routes: z
    .strictObject({
      total_routes: limit(maximumInteger),
      total_reserved_ports: limit(maximumInteger),
    })
    .optional(),
};
const domains = z.strictObject({ total_domains: limit(maximumInteger) }).optional();

/** Relationships must be an object that names at least one. */
function relationships<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .object(shape, { error: "'relationships' is not an object" })
    .refine((given) => Object.keys(given).length > 0, {
      error: "'relationships' must include one or more valid relationships",
    });
}

export const createOrganizationQuotaMessage = z.strictObject({
  name,
  ...groups,
  domains,
  relationships: relationships({
    organizations: toManyRelationship("organizations").optional(),
  }).optional(),
});

export const updateOrganizationQuotaMessage = z.strictObject({
  name: name.optional(),
  ...groups,
  domains,
});

export const createSpaceQuotaMessage = z.strictObject({
  name,
  ...groups,
  relationships: relationships({
    organization: toOneRelationship("organization"),
    spaces: toManyRelationship("spaces").optional(),
  }),
});

export const updateSpaceQuotaMessage = z.strictObject({ name: name.optional(), ...groups });

export type LimitsMessage = Pick<
  z.infer<typeof updateOrganizationQuotaMessage>,
  "apps" | "services" | "routes" | "domains"
>;
