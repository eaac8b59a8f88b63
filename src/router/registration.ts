import { z } from "zod";
import type { RouteRegistration } from "./client.ts";
import { routeKeyOf } from "./route-key.ts";

const option = z.string().max(256).optional();

/** `router.register` and `router.unregister`. Unknown fields are let be, as a later emitter may send more. */
const registrationMessage: z.ZodType<RouteRegistration> = z.object({
  host: z.string().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  uris: z
    .array(z.string().refine((uri) => routeKeyOf(uri) !== undefined, "is no host, with a path"))
    .max(1_000),
  app: z.string().max(256),
  private_instance_id: z.string().max(256),
  private_instance_index: z.string().max(16),
  tags: z.record(z.string(), z.string()),
  endpoint_updated_at_ns: z.number(),
  options: z
    .object({
      loadbalancing: option,
      hash_header: option,
      hash_balance: option,
      route_policy_scope: option,
    })
    .optional(),
});

export const registrationMessages = z.array(registrationMessage).max(10_000);
