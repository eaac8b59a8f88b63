import type { Registry } from "prom-client";
import type { Database } from "../database/schema.ts";
import { isEnabled, requireEnabled } from "../feature-flags/feature-flags.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Permissions } from "../http/permissions.ts";
import { resourceMetrics } from "../metrics/resource-metrics.ts";
import { matchResources } from "./match-resources.ts";
import { parseResourceMatches, type RequestedResource } from "./messages.ts";
import type { ResourceCache } from "./resource-cache.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";
import { resourceScope } from "./resource-scope.ts";

/** 5,000 resources of long paths. */
const bodyLimit = 32 * 1024 * 1024;

interface ResourceMatchRoutes {
  readonly db: Database;
  readonly permissions: Permissions;
  readonly resources: ResourceCache;
  readonly matching: ResourceCacheConfig["matching"];
  readonly registry: Registry;
}

/**
 * The request names no organization, so what any organization has in which the caller is a developer is a match; the
 * upload asks again by the same rule.
 */
export function registerResourceMatches(app: ApiServer, context: ResourceMatchRoutes): void {
  const { db, resources } = context;
  const metrics = resourceMetrics(context.registry, db);
  app.post("/v3/resource_matches", { bodyLimit }, async (request, reply) => {
    if (!request.auth.isAdmin) await requireEnabled(db, "app_bits_upload");
    const requested = parseResourceMatches(request.body);
    const known = (await isEnabled(db, "resource_matching"))
      ? await resources.match(
          requested.map(({ sha1 }) => sha1),
          resourceScope(context, request.auth),
        )
      : new Map();
    const matched = matchResources(requested, known);
    metrics.matched({ asked: requested.length, matched: matched.length });
    return await reply.status(201).send({ resources: matched.map(presentResource) });
  });
}

function presentResource({ sha1, size, path, mode }: RequestedResource) {
  return { checksum: { value: sha1 }, size_in_bytes: size, path, mode };
}
