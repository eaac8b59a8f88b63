import { z } from "zod";
import type { LimitsMessage } from "./messages.ts";

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

/** The limits with what a body sets; what it does not name stays, and null makes unlimited. */
export function withLimits(limits: QuotaLimits, message: LimitsMessage): QuotaLimits {
  const { paid_services_allowed: paid, ...services } = message.services ?? {};
  return limitsColumn.parse({
    apps: { ...limits.apps, ...message.apps },
    services: {
      ...limits.services,
      ...services,
      ...(paid === undefined ? {} : { paid_services_allowed: paid ?? true }),
    },
    routes: { ...limits.routes, ...message.routes },
    ...(limits.domains === undefined ? {} : { domains: { ...limits.domains, ...message.domains } }),
  });
}

/** Undefined where the ports fit into the routes and, for a space's quota, into the organization's ports. */
export function reservedPortsFault(
  { routes }: QuotaLimits,
  organization?: QuotaLimits,
): string | undefined {
  const { total_reserved_ports: ports, total_routes: total } = routes;
  const beyond = (allowed: number | null | undefined) =>
    ports !== null && allowed !== null && allowed !== undefined && ports > allowed;
  if (!beyond(total) && !beyond(organization?.routes.total_reserved_ports)) return undefined;
  return organization === undefined
    ? "Total reserved ports must be -1, 0, or a positive integer, and must be less than or equal to total routes."
    : "Total reserved ports must be -1, 0, or a positive integer, must be less than or equal to total routes, and must be less than or equal to total reserved ports for the organization quota.";
}
