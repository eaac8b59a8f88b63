import { z } from "zod";

const limit = z.number().nullable();

/** The limits of a quota as they are stored and shown; null is unlimited. */
const limitsColumn = z.object({
  apps: z.object({
    total_memory_in_mb: limit,
    per_process_memory_in_mb: limit,
    total_instances: limit,
    per_app_tasks: limit,
    log_rate_limit_in_bytes_per_second: limit,
  }),
  services: z.object({
    paid_services_allowed: z.boolean(),
    total_service_instances: limit,
    total_service_keys: limit,
  }),
  routes: z.object({ total_routes: limit, total_reserved_ports: limit }),
  /** Of organization quotas alone. */
  domains: z.object({ total_domains: limit }).optional(),
});

export type QuotaLimits = z.infer<typeof limitsColumn>;

export function toLimits(column: string): QuotaLimits {
  return limitsColumn.parse(JSON.parse(column));
}

/** What a quota has whose body names nothing. */
export const unlimited: QuotaLimits = {
  apps: {
    total_memory_in_mb: null,
    per_process_memory_in_mb: null,
    total_instances: null,
    per_app_tasks: null,
    log_rate_limit_in_bytes_per_second: null,
  },
  services: {
    paid_services_allowed: true,
    total_service_instances: null,
    total_service_keys: null,
  },
  routes: { total_routes: null, total_reserved_ports: null },
};
