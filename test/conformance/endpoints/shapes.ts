import { z } from "zod";

// The documents of the V3 API, key by key: a key that is missing or too much fails.

const guid = z.string().min(1);
export const timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const times = { created_at: timestamp, updated_at: timestamp };
const count = z.int().nullable();

export const metadata = z.strictObject({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});

const link = z.strictObject({ href: z.url(), method: z.enum(["POST", "PATCH", "PUT"]).optional() });

/** Names with a question mark may be left out. */
export function links(names: string): z.ZodType {
  return z.strictObject(
    Object.fromEntries(
      names
        .split(" ")
        .map((name) => [name.replace("?", ""), name.endsWith("?") ? link.optional() : link]),
    ),
  );
}

const one = z.strictObject({ data: z.strictObject({ guid }) });
const oneOrNone = z.strictObject({ data: z.strictObject({ guid: guid.nullable() }).nullable() });

export const toOne = z.strictObject({
  data: z.strictObject({ guid: guid.nullable() }).nullable(),
  links: links("self related"),
});
export const toMany = z.strictObject({
  data: z.array(z.strictObject({ guid })),
  links: links("self"),
});
export const toManyRelated = z.strictObject({
  data: z.array(z.strictObject({ guid })),
  links: links("self related?"),
});

const page = z.strictObject({ href: z.url() });

/** A page: pagination and the resources. */
export function list(resource: z.ZodType): z.ZodType {
  return z.strictObject({
    pagination: z.strictObject({
      total_results: z.int(),
      total_pages: z.int().min(1),
      first: page,
      last: page,
      next: page.nullable(),
      previous: page.nullable(),
    }),
    resources: z.array(resource),
  });
}

/** A list that must have entries, so that their shape is looked at. */
export function some(resource: z.ZodType): z.ZodType {
  return list(resource).refine(
    (answer) => z.object({ resources: z.array(z.unknown()).min(1) }).safeParse(answer).success,
    "no entry to look at",
  );
}

const lifecycle = z.union([
  z.strictObject({
    type: z.enum(["buildpack", "cnb"]),
    data: z.strictObject({ buildpacks: z.array(z.string()), stack: z.string().nullable() }),
  }),
  z.strictObject({ type: z.literal("docker"), data: z.strictObject({}) }),
]);

export const app = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  state: z.enum(["STARTED", "STOPPED"]),
  lifecycle,
  relationships: z.strictObject({ space: one, current_droplet: oneOrNone }),
  metadata,
  links: links(
    "self environment_variables space processes packages current_droplet droplets tasks start stop clear_buildpack_cache revisions deployed_revisions features",
  ),
});

const healthData = {
  timeout: count,
  invocation_timeout: count,
  interval: count,
  endpoint: z.string().optional(),
};

export const process = z.strictObject({
  guid,
  ...times,
  version: guid,
  type: z.string(),
  command: z.string().nullable(),
  user: z.string(),
  instances: z.int(),
  memory_in_mb: z.int(),
  disk_in_mb: z.int(),
  log_rate_limit_in_bytes_per_second: z.int(),
  health_check: z.strictObject({
    type: z.enum(["port", "process", "http"]),
    data: z.strictObject(healthData),
  }),
  readiness_health_check: z.strictObject({
    type: z.enum(["port", "process", "http"]),
    data: z.strictObject({
      invocation_timeout: count,
      interval: count,
      endpoint: z.string().optional(),
    }),
  }),
  relationships: z.strictObject({ app: one, revision: one.nullable() }),
  metadata,
  links: links("self scale app space stats process_instances"),
});

export const stats = z.strictObject({
  resources: z
    .array(
      z.strictObject({
        type: z.string(),
        index: z.int(),
        instance_guid: guid,
        state: z.enum(["RUNNING", "STARTING", "CRASHED", "DOWN"]),
        routable: z.boolean(),
        usage: z.strictObject({
          time: z.iso.datetime({ precision: 6 }).or(z.iso.datetime({ offset: true })),
          cpu: z.number(),
          cpu_entitlement: z.number().nullable(),
          mem: z.int(),
          disk: z.int(),
          log_rate: z.int(),
        }),
        host: z.string(),
        instance_internal_ip: z.string(),
        instance_ports: z.array(
          z.strictObject({
            external: z.int().nullable(),
            internal: z.int(),
            external_tls_proxy_port: z.int().nullable(),
            internal_tls_proxy_port: z.int().nullable(),
          }),
        ),
        uptime: z.int(),
        mem_quota: z.int(),
        disk_quota: z.int(),
        log_rate_limit: z.int(),
        fds_quota: z.int(),
        isolation_segment: z.string().nullable(),
        details: z.string().nullable(),
      }),
    )
    .min(1),
});

export const processInstances = z.strictObject({
  resources: z
    .array(
      z.strictObject({
        index: z.int(),
        state: z.enum(["RUNNING", "STARTING", "CRASHED", "DOWN"]),
        since: z.int().nullable(),
      }),
    )
    .min(1),
  links: links("self process"),
});

export const packageOfBits = z.strictObject({
  guid,
  ...times,
  type: z.literal("bits"),
  data: z.strictObject({
    error: z.string().nullable(),
    checksum: z.strictObject({ type: z.enum(["sha1", "sha256"]), value: z.string().nullable() }),
  }),
  state: z.enum(["AWAITING_UPLOAD", "PROCESSING_UPLOAD", "READY", "FAILED", "COPYING", "EXPIRED"]),
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self upload download app"),
});

export const build = z.strictObject({
  guid,
  ...times,
  state: z.enum(["STAGING", "STAGED", "FAILED"]),
  staging_memory_in_mb: z.int(),
  staging_disk_in_mb: z.int(),
  staging_log_rate_limit_bytes_per_second: z.int(),
  error: z.string().nullable(),
  lifecycle,
  package: z.strictObject({ guid }),
  droplet: z.strictObject({ guid }).nullable(),
  created_by: z.strictObject({ guid, name: z.string(), email: z.string() }),
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self app droplet?"),
});

export const droplet = z.strictObject({
  guid,
  ...times,
  state: z.enum(["AWAITING_UPLOAD", "PROCESSING_UPLOAD", "STAGED", "COPYING", "FAILED", "EXPIRED"]),
  error: z.string().nullable(),
  lifecycle: z.strictObject({ type: z.string(), data: z.strictObject({}) }),
  checksum: z.strictObject({ type: z.enum(["sha1", "sha256"]), value: z.string() }).nullable(),
  buildpacks: z
    .array(
      z.strictObject({
        name: z.string(),
        detect_output: z.string().nullable(),
        buildpack_name: z.string().nullable(),
        version: z.string().nullable(),
      }),
    )
    .nullable(),
  stack: z.string().nullable(),
  image: z.string().nullable(),
  execution_metadata: z.string(),
  process_types: z.record(z.string(), z.string()),
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self app assign_current_droplet package? upload? download?"),
});

export const deployment = z.strictObject({
  guid,
  ...times,
  status: z.strictObject({
    value: z.enum(["ACTIVE", "FINALIZED"]),
    reason: z.enum(["DEPLOYING", "PAUSED", "DEPLOYED", "CANCELED", "CANCELING", "SUPERSEDED"]),
    details: z.strictObject({
      last_successful_healthcheck: timestamp.nullable(),
      last_status_change: timestamp,
      error: z.string().optional(),
    }),
    canary: z
      .strictObject({ steps: z.strictObject({ current: z.int(), total: z.int() }) })
      .optional(),
  }),
  strategy: z.enum(["rolling", "canary"]),
  options: z.strictObject({
    max_in_flight: z.int(),
    web_instances: z.int().optional(),
    memory_in_mb: z.int().optional(),
    disk_in_mb: z.int().optional(),
    log_rate_limit_in_bytes_per_second: z.int().optional(),
    canary: z
      .strictObject({ steps: z.array(z.strictObject({ instance_weight: z.int() })) })
      .optional(),
  }),
  droplet: z.strictObject({ guid }),
  previous_droplet: z.strictObject({ guid }),
  new_processes: z.array(z.strictObject({ guid, type: z.string() })),
  revision: z.strictObject({ guid, version: z.int() }).nullable(),
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self app cancel? continue?"),
});

export const revision = z.strictObject({
  guid,
  ...times,
  version: z.int(),
  droplet: z.strictObject({ guid }),
  processes: z.record(z.string(), z.strictObject({ command: z.string().nullable() })),
  sidecars: z.array(
    z.strictObject({
      name: z.string(),
      command: z.string(),
      memory_in_mb: count,
      process_types: z.array(z.string()),
    }),
  ),
  description: z.string(),
  deployable: z.boolean(),
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self app environment_variables"),
});

export const task = z.strictObject({
  guid,
  ...times,
  sequence_id: z.int(),
  name: z.string(),
  command: z.string().optional(),
  user: z.string(),
  state: z.enum(["PENDING", "RUNNING", "SUCCEEDED", "CANCELING", "FAILED"]),
  memory_in_mb: z.int(),
  disk_in_mb: z.int(),
  log_rate_limit_in_bytes_per_second: z.int(),
  result: z.strictObject({ failure_reason: z.string().nullable() }),
  droplet_guid: guid,
  relationships: z.strictObject({ app: one }),
  metadata,
  links: links("self app cancel droplet"),
});

export const sidecar = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  command: z.string(),
  process_types: z.array(z.string()),
  memory_in_mb: count,
  origin: z.enum(["user", "buildpack"]),
  relationships: z.strictObject({ app: one }),
});

export const buildpack = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  stack: z.string().nullable(),
  state: z.enum(["AWAITING_UPLOAD", "READY"]),
  lifecycle: z.enum(["buildpack", "cnb"]),
  filename: z.string().nullable(),
  position: z.int(),
  enabled: z.boolean(),
  locked: z.boolean(),
  metadata,
  links: links("self upload"),
});

export const stack = z.strictObject({
  guid,
  ...times,
  name: z.string(),
  description: z.string().nullable(),
  state: z.enum(["ACTIVE", "RESTRICTED", "DEPRECATED", "DISABLED"]),
  state_reason: z.string().nullable(),
  run_rootfs_image: z.string(),
  build_rootfs_image: z.string(),
  default: z.boolean(),
  metadata,
  links: links("self"),
});

export const environment = z.strictObject({
  staging_env_json: z.record(z.string(), z.string()),
  running_env_json: z.record(z.string(), z.string()),
  environment_variables: z.record(z.string(), z.string()),
  system_env_json: z.strictObject({ VCAP_SERVICES: z.strictObject({}) }),
  application_env_json: z.strictObject({ VCAP_APPLICATION: z.looseObject({ name: z.string() }) }),
});

const variables = z.record(z.string(), z.string());
export const appVariables = z.strictObject({ var: variables, links: links("self app") });
export const revisionVariables = z.strictObject({
  var: variables,
  links: links("self revision app"),
});

export const feature = z.strictObject({
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
});

export const sshEnabled = z.strictObject({ enabled: z.boolean(), reason: z.string() });
export const appPermissions = z.strictObject({
  read_basic_data: z.literal(true),
  read_sensitive_data: z.boolean(),
});

export const job = z.strictObject({
  guid,
  ...times,
  operation: z.string(),
  state: z.enum(["PROCESSING", "POLLING", "COMPLETE", "FAILED"]),
  errors: z.array(z.strictObject({ code: z.int(), title: z.string(), detail: z.string() })),
  warnings: z.array(z.strictObject({ detail: z.string() })),
  links: z.looseObject({ self: link }),
});

const named = z.strictObject({ guid: z.string().nullable(), type: z.string(), name: z.string() });

export const auditEvent = z.strictObject({
  guid,
  ...times,
  type: z.string(),
  actor: named,
  target: named,
  data: z.looseObject({}),
  space: z.strictObject({ guid }).nullable(),
  organization: z.strictObject({ guid }).nullable(),
  links: links("self"),
});

const changed = <T extends z.ZodType>(value: T) =>
  z.strictObject({ current: value, previous: value.nullable() });
const guidAndName = z.strictObject({ guid: z.string().nullable(), name: z.string().nullable() });

export const appUsageEvent = z.strictObject({
  guid,
  ...times,
  state: changed(z.string()),
  app: guidAndName,
  process: z.strictObject({ guid: z.string().nullable(), type: z.string().nullable() }),
  space: guidAndName,
  organization: z.strictObject({ guid }),
  buildpack: guidAndName,
  task: guidAndName,
  memory_in_mb_per_instance: changed(count),
  instance_count: changed(count),
  links: links("self"),
});

const usage = z.strictObject({
  started_instances: z.int(),
  memory_in_mb: z.int(),
  routes: z.int(),
  service_instances: z.int(),
  reserved_ports: z.int(),
  domains: z.int(),
  per_app_tasks: z.int(),
  service_keys: z.int(),
});
export const usageSummary = (names: string) =>
  z.strictObject({ usage_summary: usage, links: links(names) });

export const diff = z.strictObject({
  diff: z.array(
    z.strictObject({
      op: z.enum(["add", "remove", "replace"]),
      path: z.string(),
      value: z.unknown().optional(),
      was: z.unknown().optional(),
    }),
  ),
});
