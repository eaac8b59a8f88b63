import { sql, type Expression } from "kysely";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Permissions } from "../http/permissions.ts";
import type { ResourceCacheConfig } from "./resource-cache-config.ts";

/** Guids of organizations, as a subquery; undefined: all. */
export type ResourceScope = Expression<string> | undefined;

/**
 * The organizations whose files a caller may match. Who may only look at an organization
 * is not among them: a package made of its files would show what he may not download.
 */
export function resourceScope(
  context: {
    readonly db: Database;
    readonly permissions: Permissions;
    readonly matching: ResourceCacheConfig["matching"];
  },
  auth: AuthContext,
): ResourceScope {
  if (context.matching === "global") return undefined;
  const spaces = context.permissions.spaces(auth, "space.write");
  if (spaces === undefined) return undefined;
  const organizations = context.db
    .selectFrom("spaces as pushable")
    .select("pushable.organizationGuid as guid")
    .where("pushable.guid", "in", spaces);
  return sql<string>`${organizations}`;
}
