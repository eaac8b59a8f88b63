import { z } from "zod";
import type { Routes } from "#diego/models/desired-lrp.ts";

/** An entry of `cf-router`, as Cloud Controller writes it: these host names (with a path, perhaps) lead to that port. */
const cfRoute = z.object({
  hostnames: z.array(z.string().min(1)),
  /** The container's. */
  port: z.number().int().min(1).max(65_535),
  route_service_url: z.string().nullish(),
  /** Handed to the router as they are. */
  options: z
    .object({
      loadbalancing: z.string().optional(),
      hash_header: z.string().optional(),
      hash_balance: z.string().optional(),
      route_policy_scope: z.string().optional(),
    })
    .optional(),
});

export type CfRoute = z.infer<typeof cfRoute>;

/** The HTTP routes of a DesiredLRP. Entries that are malformed have none: they must not cost others theirs. */
export function parseCfRouter(routes: Routes): CfRoute[] {
  const text = routes["cf-router"];
  if (text === undefined) return [];
  const entries = z.array(z.unknown()).safeParse(parseJson(text));
  if (!entries.success) return [];
  return entries.data.flatMap((entry) => {
    const parsed = cfRoute.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
