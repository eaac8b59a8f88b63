import * as z from "zod/mini";

// V3's records, as far as the page shows them.

const related = z.object({ data: z.nullable(z.object({ guid: z.string() })) });

export function pageOf<T>(resource: z.ZodMiniType<T>) {
  return z.object({
    pagination: z.object({ total_results: z.number(), total_pages: z.number() }),
    resources: z.array(resource),
  });
}

export const organizationSchema = z.object({ guid: z.string(), name: z.string() });

export const spaceSchema = z.object({
  guid: z.string(),
  name: z.string(),
  relationships: z.object({ organization: related }),
});

export const appSchema = z.object({
  guid: z.string(),
  name: z.string(),
  state: z.enum(["STARTED", "STOPPED"]),
  updated_at: z.nullable(z.string()),
  lifecycle: z.object({
    type: z.string(),
    data: z.object({
      buildpacks: z.optional(z.nullable(z.array(z.string()))),
      stack: z.optional(z.nullable(z.string())),
    }),
  }),
  relationships: z.object({ space: related }),
});
export type App = z.infer<typeof appSchema>;

export const appsSchema = z.object({
  ...pageOf(appSchema).shape,
  included: z.optional(
    z.object({
      spaces: z.optional(z.array(spaceSchema)),
      organizations: z.optional(z.array(organizationSchema)),
    }),
  ),
});

export const buildSchema = z.object({
  guid: z.string(),
  created_at: z.string(),
  updated_at: z.nullable(z.string()),
  state: z.enum(["STAGING", "STAGED", "FAILED"]),
  error: z.nullable(z.string()),
  staging_memory_in_mb: z.nullable(z.number()),
  staging_disk_in_mb: z.nullable(z.number()),
  lifecycle: z.object({
    type: z.string(),
    data: z.object({
      buildpacks: z.optional(z.nullable(z.array(z.string()))),
      stack: z.optional(z.nullable(z.string())),
    }),
  }),
  droplet: z.nullable(z.object({ guid: z.string() })),
  created_by: z.object({ name: z.nullable(z.string()) }),
  relationships: z.object({ app: related }),
});
export type Build = z.infer<typeof buildSchema>;

export const processSchema = z.object({
  guid: z.string(),
  type: z.string(),
  command: z.nullable(z.string()),
  instances: z.number(),
  memory_in_mb: z.number(),
  disk_in_mb: z.number(),
  health_check: z.object({ type: z.string() }),
  relationships: z.object({ app: related }),
});
export type Process = z.infer<typeof processSchema>;

const instanceSchema = z.object({
  index: z.number(),
  state: z.string(),
  uptime: z.optional(z.nullable(z.number())),
  details: z.optional(z.nullable(z.string())),
  mem_quota: z.optional(z.nullable(z.number())),
  disk_quota: z.optional(z.nullable(z.number())),
  usage: z.optional(
    z.object({
      cpu: z.optional(z.nullable(z.number())),
      mem: z.optional(z.nullable(z.number())),
      disk: z.optional(z.nullable(z.number())),
    }),
  ),
});
export type Instance = z.infer<typeof instanceSchema>;
export const statsSchema = z.object({ resources: z.array(instanceSchema) });

export const routeSchema = z.object({
  guid: z.string(),
  url: z.string(),
  protocol: z.string(),
  destinations: z.array(z.object({ app: z.object({ guid: z.nullable(z.string()) }) })),
});
export type Route = z.infer<typeof routeSchema>;

export const eventSchema = z.object({
  guid: z.string(),
  created_at: z.string(),
  type: z.string(),
  actor: z.object({ name: z.nullable(z.string()) }),
  data: z.nullable(z.record(z.string(), z.unknown())),
});
export type AuditEvent = z.infer<typeof eventSchema>;

export const dropletSchema = z.object({
  guid: z.string(),
  created_at: z.string(),
  state: z.string(),
  stack: z.nullable(z.string()),
  checksum: z.nullable(z.object({ value: z.string() })),
  buildpacks: z.nullable(
    z.array(
      z.object({
        name: z.string(),
        detect_output: z.nullable(z.string()),
        buildpack_name: z.nullable(z.string()),
        version: z.nullable(z.string()),
      }),
    ),
  ),
  process_types: z.nullable(z.record(z.string(), z.string())),
});
export type Droplet = z.infer<typeof dropletSchema>;
