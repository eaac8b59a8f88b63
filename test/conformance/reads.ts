import { z } from "zod";

// What the official client reads of each document, and no more: it ignores every other field. A float where it expects
// an integer, or a missing object, is a decode error for it, so it is one here.

const guid = z.string().min(1);
/** The client parses these, and fails on what is no RFC 3339. */
const instant = z.iso.datetime();
const related = z.object({ data: z.object({ guid: guid.nullish() }).nullish() });
const metadata = z.object({
  labels: z.record(z.string(), z.string().nullable()),
  annotations: z.record(z.string(), z.string().nullable()).optional(),
});
const count = z.int().nullable();

export const app = z.object({
  guid,
  name: z.string(),
  state: z.enum(["STARTED", "STOPPED"]),
  lifecycle: z.object({
    type: z.string(),
    data: z.object({ buildpacks: z.array(z.string()).optional(), stack: z.string().optional() }),
  }),
  relationships: z.object({ space: related }),
  metadata,
});

export const process = z.object({
  guid,
  type: z.string(),
  command: z.string().nullable(),
  instances: z.int(),
  memory_in_mb: z.int(),
  disk_in_mb: z.int(),
  log_rate_limit_in_bytes_per_second: z.int(),
  health_check: z.object({
    type: z.enum(["port", "process", "http"]),
    data: z.object({
      timeout: count.optional(),
      invocation_timeout: count.optional(),
      endpoint: z.string().nullish(),
    }),
  }),
  readiness_health_check: z.object({ type: z.string(), data: z.object({}) }),
  relationships: z.object({ app: related }),
});

export const processWithInstances = process.extend({
  process_instances: z.array(
    z.object({ index: z.int(), state: z.string(), since: z.int().nullable() }),
  ),
});

export const stats = z.object({
  type: z.string(),
  index: z.int(),
  state: z.enum(["RUNNING", "STARTING", "CRASHED", "DOWN"]),
  uptime: z.int().nullish(),
  mem_quota: z.int().nullish(),
  disk_quota: z.int().nullish(),
  log_rate_limit: z.int().nullish(),
  isolation_segment: z.string().nullish(),
  details: z.string().nullish(),
  routable: z.boolean().nullish(),
  usage: z
    .object({
      cpu: z.number().optional(),
      cpu_entitlement: z.number().nullish(),
      mem: z.int().optional(),
      disk: z.int().optional(),
      log_rate: z.int().optional(),
    })
    .optional(),
});

export const sidecar = z.object({ guid, name: z.string() });

export const packageOf = z.object({
  guid,
  type: z.enum(["bits", "docker"]),
  state: z.string(),
  created_at: instant,
  links: z.object({}),
});

export const build = z.object({
  guid,
  state: z.enum(["STAGING", "STAGED", "FAILED"]),
  error: z.string().nullable(),
  package: z.object({ guid }),
  droplet: z.object({ guid }).nullable(),
  created_at: instant,
});

export const droplet = z.object({
  guid,
  state: z.string(),
  stack: z.string().nullable(),
  image: z.string().nullable(),
  buildpacks: z
    .array(
      z.object({
        name: z.string(),
        version: z.string().nullable(),
        detect_output: z.string().nullable(),
        buildpack_name: z.string().nullable(),
      }),
    )
    .nullable(),
  created_at: instant,
  lifecycle: z.object({ type: z.string() }),
});

export const deployment = z.object({
  guid,
  strategy: z.enum(["rolling", "canary"]),
  status: z.object({
    value: z.enum(["ACTIVE", "FINALIZED"]),
    reason: z.enum(["DEPLOYING", "PAUSED", "DEPLOYED", "CANCELED", "CANCELING", "SUPERSEDED"]),
    details: z.object({ last_status_change: instant }),
    canary: z.object({ steps: z.object({ current: z.int(), total: z.int() }) }).optional(),
  }),
  options: z.object({ max_in_flight: z.int() }),
  new_processes: z.array(z.object({ guid, type: z.string() })),
  droplet: z.object({ guid: guid.nullish() }),
});

export const revision = z.object({
  guid,
  version: z.int(),
  deployable: z.boolean(),
  description: z.string(),
  droplet: z.object({ guid }),
  created_at: instant,
  links: z.object({ environment_variables: z.object({ href: z.url() }) }),
  metadata,
});

export const task = z.object({
  guid,
  name: z.string(),
  sequence_id: z.int(),
  state: z.enum(["PENDING", "RUNNING", "SUCCEEDED", "CANCELING", "FAILED"]),
  command: z.string().optional(),
  created_at: instant,
  result: z.object({ failure_reason: z.string().nullable() }),
});

export const environment = z.object({
  system_env_json: z.looseObject({}),
  application_env_json: z.looseObject({}),
  environment_variables: z.looseObject({}),
  running_env_json: z.looseObject({}),
  staging_env_json: z.looseObject({}),
});

export const variables = z.object({ var: z.record(z.string(), z.string()) });
export const feature = z.object({ name: z.string(), enabled: z.boolean() });
export const sshEnabled = z.object({ enabled: z.boolean(), reason: z.string() });
export const relationship = z.object({ data: z.object({ guid: guid.nullish() }).nullable() });
export const relationships = z.object({ data: z.array(z.object({ guid })) });

export const event = z.object({
  type: z.string(),
  created_at: instant,
  actor: z.object({ name: z.string() }),
  data: z.object({}),
});

export const route = z.object({
  guid,
  host: z.string(),
  path: z.string(),
  port: z.int().nullish(),
  protocol: z.enum(["http", "tcp"]),
  url: z.string(),
  // A null among the options crashes the client.
  options: z.record(z.string(), z.string()).optional(),
  destinations: z.array(
    z.object({
      guid,
      app: z.object({ guid, process: z.object({ type: z.string() }) }),
      port: z.int().nullable(),
      protocol: z.string().nullable(),
    }),
  ),
  relationships: z.object({ space: related, domain: related }),
  metadata,
});

export const reservations = z.object({ matching_route: z.boolean() });

export const domain = z.object({
  guid,
  name: z.string(),
  internal: z.boolean(),
  router_group: z.object({ guid }).nullable(),
  supported_protocols: z.array(z.string()),
  relationships: z.object({ organization: related }),
});

export const routePolicy = z.object({ guid, source: z.string(), relationships: z.object({}) });

export const organization = z.object({
  guid,
  name: z.string(),
  relationships: z.object({ quota: related }),
  metadata,
});

export const space = z.object({
  guid,
  name: z.string(),
  relationships: z.object({ organization: related, quota: related }),
  metadata,
});

export const role = z.object({
  guid,
  type: z.enum([
    "organization_user",
    "organization_auditor",
    "organization_manager",
    "organization_billing_manager",
    "space_developer",
    "space_auditor",
    "space_manager",
    "space_supporter",
  ]),
  relationships: z.object({ user: related, organization: related, space: related }),
});

export const user = z.object({
  guid,
  username: z.string().nullable(),
  presentation_name: z.string(),
  origin: z.string().nullable(),
});

export const quota = z.object({
  guid,
  name: z.string(),
  apps: z.object({
    total_memory_in_mb: count,
    per_process_memory_in_mb: count,
    total_instances: count,
    log_rate_limit_in_bytes_per_second: count,
  }),
  services: z.object({ paid_services_allowed: z.boolean(), total_service_instances: count }),
  routes: z.object({ total_routes: count, total_reserved_ports: count }),
});

export const isolationSegment = z.object({ guid, name: z.string() });

export const securityGroup = z.object({
  guid,
  name: z.string(),
  globally_enabled: z.object({ running: z.boolean(), staging: z.boolean() }),
  rules: z.array(z.object({ protocol: z.string() })),
  relationships: z.object({ running_spaces: relationships, staging_spaces: relationships }),
});

export const buildpack = z.object({
  guid,
  name: z.string(),
  stack: z.string().nullable(),
  state: z.enum(["AWAITING_UPLOAD", "READY"]),
  filename: z.string().nullable(),
  enabled: z.boolean(),
  locked: z.boolean(),
  position: z.int(),
  lifecycle: z.string(),
  metadata,
});

export const stack = z.object({
  guid,
  name: z.string(),
  description: z.string().nullable(),
  state: z.enum(["ACTIVE", "RESTRICTED", "DEPRECATED", "DISABLED"]),
  state_reason: z.string().nullable(),
  metadata,
});

export const job = z.object({
  guid,
  state: z.enum(["PROCESSING", "POLLING", "COMPLETE", "FAILED"]),
  errors: z.array(z.object({ code: z.int(), title: z.string(), detail: z.string() })),
  warnings: z.array(z.object({ detail: z.string() })).optional(),
});
