import type { ApiServer } from "../http/create-server.ts";
import type { Permissions } from "../http/permissions.ts";
import { matchResources } from "./match-resources.ts";
import { parseResourceMatches, type RequestedResource } from "./messages.ts";
import type { ResourceCache } from "./resource-cache.ts";

/** 5,000 resources of long paths. */
const bodyLimit = 32 * 1024 * 1024;

/**
 * The request names no organization, so what any organization of the caller's has is a match; the upload asks again by
 * the same rule.
 */
export function registerResourceMatches(
  app: ApiServer,
  options: { readonly resources: ResourceCache; readonly permissions: Permissions },
): void {
  app.post("/v3/resource_matches", { bodyLimit }, async (request, reply) => {
    const requested = parseResourceMatches(request.body);
    const known = await options.resources.find(
      requested.map(({ sha1 }) => sha1),
      options.permissions.organizations(request.auth, "organization.read"),
    );
    return await reply
      .status(201)
      .send({ resources: matchResources(requested, known).map(presentResource) });
  });
}

function presentResource({ sha1, size, path, mode }: RequestedResource) {
  return { checksum: { value: sha1 }, size_in_bytes: size, path, mode };
}
