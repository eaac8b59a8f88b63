import type { FastifyRequest } from "fastify";
import type { Registry } from "prom-client";
import type { Database } from "../database/schema.ts";
import { isEnabled, requireEnabled } from "../feature-flags/feature-flags.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Permissions } from "../http/permissions.ts";
import { resourceMetrics } from "../metrics/resource-metrics.ts";
import { isMatched, matchResources } from "./match-resources.ts";
import type { MatchedResource, MatchReferences } from "./match-references.ts";
import { parseResourceMatches, toUploadResource, type RequestedResource } from "./messages.ts";
import type { ResourceCache } from "./resource-cache.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";
import { presentResource } from "./resource-presenter.ts";
import { resourceScope, type ResourceScope } from "./resource-scope.ts";

/** 5,000 resources of long paths. */
const bodyLimit = 32 * 1024 * 1024;

interface ResourceMatchRoutes {
  readonly db: Database;
  readonly permissions: Permissions;
  readonly resources: ResourceCache;
  readonly matchReferences: MatchReferences;
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
    const isOn = await isEnabled(db, "resource_matching");
    const scope = resourceScope(context, request.auth);
    if (wantsReference(request)) {
      const found = await findToUse(context, isOn ? requested : [], scope);
      const missing = requested.flatMap((each, index) => (isUsable(each, found) ? [] : [index]));
      const matched = requested.filter((each) => isUsable(each, found)).map(toMatched(found));
      metrics.matched({ asked: requested.length, matched: matched.length });
      const reference = context.matchReferences.remember(request.auth, matched);
      return await reply
        .status(201)
        .header("preference-applied", "return=minimal")
        .send({ reference, missing });
    }
    const known = isOn
      ? await resources.match(
          requested.map(({ sha1 }) => sha1),
          scope,
        )
      : new Map();
    const matched = matchResources(requested, known);
    metrics.matched({ asked: requested.length, matched: matched.length });
    return await reply.status(201).send({ resources: matched.map(presentResource) });
  });
}

/** `Prefer: return=minimal` (RFC 7240): our client sends no list back that it has been answered with. */
function wantsReference({ headers }: FastifyRequest): boolean {
  return /(?:^|[,;\s])return\s*=\s*"?minimal"?/i.test([headers["prefer"]].flat().join());
}

type FoundToUse = Awaited<ReturnType<ResourceCache["matchToUse"]>>;

async function findToUse(
  { resources }: ResourceMatchRoutes,
  requested: readonly RequestedResource[],
  scope: ResourceScope,
): Promise<FoundToUse> {
  return await resources.matchToUse(
    requested.map(({ sha1 }) => sha1),
    scope,
  );
}

function isUsable(resource: RequestedResource, found: FoundToUse): boolean {
  return resource.path !== null && isMatched(resource, found);
}

function toMatched(found: FoundToUse): (resource: RequestedResource) => MatchedResource {
  return (resource) => ({ ...toUploadResource(resource), file: found.get(resource.sha1)?.file });
}
