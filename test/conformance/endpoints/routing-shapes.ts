import { z } from "zod";
import { links, metadata, timestamp } from "./shapes.ts";

const guid = z.string().min(1);
const times = { created_at: timestamp, updated_at: timestamp };
const one = z.strictObject({ data: z.strictObject({ guid }) });
const oneOrNone = z.strictObject({ data: z.strictObject({ guid }).nullable() });
const many = z.strictObject({ data: z.array(z.strictObject({ guid })) });
const count = z.int().nullable();

export const destination = z.strictObject({
  guid,
  ...times,
  app: z.strictObject({ guid, process: z.strictObject({ type: z.string() }) }),
  weight: count,
  port: count,
  protocol: z.string().nullable(),
});

export const destinations = z.strictObject({
  destinations: z.array(destination),
  links: links("self route"),
});

export const route = z.strictObject({
  guid,
  ...times,
  protocol: z.enum(["http", "tcp"]),
  host: z.string(),
  path: z.string(),
  port: count,
  url: z.string(),
  destinations: z.array(destination),
  options: z.strictObject({ loadbalancing: z.string().optional() }).optional(),
  metadata,
  relationships: z.strictObject({ space: one, domain: one }),
  links: links("self space destinations domain"),
});

export const sharedSpaces = z.strictObject({
  data: z.array(z.strictObject({ guid })),
  links: links("self"),
});

export const domain = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  internal: z.boolean(),
  router_group: z.null(),
  supported_protocols: z.array(z.string()),
  enforce_route_policies: z.boolean().optional(),
  route_policies_scope: z.string().nullish(),
  relationships: z.strictObject({ organization: oneOrNone, shared_organizations: many }),
  metadata,
  links: links("self route_reservations organization? shared_organizations? router_group?"),
});

export const routePolicy = z.strictObject({
  guid,
  ...times,
  source: z.string(),
  relationships: z.looseObject({ route: one }),
  metadata,
  links: z.looseObject({ self: z.strictObject({ href: z.url() }) }),
});

export const organization = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  suspended: z.boolean(),
  relationships: z.strictObject({ quota: one }),
  metadata,
  links: links("self domains default_domain quota"),
});

export const space = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  suspended: z.boolean(),
  relationships: z.strictObject({ organization: one, quota: oneOrNone }),
  metadata,
  links: links("self features organization apply_manifest quota?"),
});

export const role = z.strictObject({
  guid,
  ...times,
  type: z.string(),
  relationships: z.strictObject({ user: one, organization: oneOrNone, space: oneOrNone }),
  links: links("self user organization? space?"),
});

export const user = z.strictObject({
  guid,
  ...times,
  username: z.string().nullable(),
  presentation_name: z.string(),
  origin: z.string().nullable(),
  metadata,
  links: links("self"),
});

const quotaLimits = {
  apps: z.strictObject({
    total_memory_in_mb: count,
    per_process_memory_in_mb: count,
    log_rate_limit_in_bytes_per_second: count,
    total_instances: count,
    per_app_tasks: count,
  }),
  services: z.strictObject({
    paid_services_allowed: z.boolean(),
    total_service_instances: count,
    total_service_keys: count,
  }),
  routes: z.strictObject({ total_routes: count, total_reserved_ports: count }),
};

export const organizationQuota = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  ...quotaLimits,
  domains: z.strictObject({ total_domains: count }),
  relationships: z.strictObject({ organizations: many }),
  links: links("self"),
});

export const spaceQuota = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  ...quotaLimits,
  relationships: z.strictObject({ organization: one, spaces: many }),
  links: links("self organization"),
});

export const isolationSegment = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  metadata,
  links: links("self organizations"),
});

export const securityGroup = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  globally_enabled: z.strictObject({ running: z.boolean(), staging: z.boolean() }),
  rules: z.array(z.looseObject({ protocol: z.string(), destination: z.string() })),
  relationships: z.strictObject({ running_spaces: many, staging_spaces: many }),
  links: links("self"),
});

export const featureFlag = z.strictObject({
  name: z.string(),
  enabled: z.boolean(),
  updated_at: timestamp.nullable(),
  custom_error_message: z.string().nullable(),
  links: links("self"),
});

export const variableGroup = z.strictObject({
  name: z.enum(["running", "staging"]),
  updated_at: timestamp.nullable(),
  var: z.record(z.string(), z.string()),
  links: links("self"),
});
