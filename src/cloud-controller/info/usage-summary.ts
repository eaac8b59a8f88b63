import { sql, type SqlBool } from "kysely";
import type { Executor } from "../database/schema.ts";

/** Of everything, of an organization, or of a space. */
export type UsageScope =
  | "platform"
  | { readonly organizationGuid: string }
  | { readonly spaceGuid: string };

/**
 * What is used, as three endpoints show it (global_usage_summary_fetcher.rb and the presenters of organizations and
 * spaces). Domains are the private ones, for a space those of its organization. There are no services, and no route
 * has a port of its own.
 */
export async function usageSummary(db: Executor, scope: UsageScope) {
  const started = await db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where(inScope(scope))
    .where("processes.state", "=", "STARTED")
    .select([
      sql<number>`coalesce(sum(processes.instances), 0)`.as("instances"),
      sql<number>`coalesce(sum(processes.instances * processes.memory_in_mb), 0)`.as("memory"),
    ])
    .executeTakeFirstOrThrow();
  // The platform's memory leaves out tasks that wait for a place, as in the original.
  const taking = scope === "platform" ? ["RUNNING"] : ["PENDING", "RUNNING"];
  const tasks = await db
    .selectFrom("tasks")
    .innerJoin("apps", "apps.guid", "tasks.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .where(inScope(scope))
    .where("tasks.state", "in", ["PENDING", "RUNNING"])
    .select([
      sql<number>`coalesce(sum(case when tasks.state in (${sql.join(taking)}) then tasks.memory_in_mb end), 0)`.as(
        "memory",
      ),
      sql<number>`count(*)`.as("count"),
    ])
    .executeTakeFirstOrThrow();
  const routes = await db
    .selectFrom("routes")
    .innerJoin("spaces", "spaces.guid", "routes.spaceGuid")
    .where(inScope(scope))
    .select(sql<number>`count(*)`.as("count"))
    .executeTakeFirstOrThrow();
  return {
    started_instances: Number(started.instances),
    memory_in_mb: Number(started.memory) + Number(tasks.memory),
    routes: Number(routes.count),
    service_instances: 0,
    reserved_ports: 0,
    domains: await privateDomains(db, scope),
    per_app_tasks: Number(tasks.count),
    service_keys: 0,
  };
}

/** A condition on the joined table `spaces`. */
function inScope(scope: UsageScope) {
  if (scope === "platform") return sql<SqlBool>`1 = 1`;
  return "spaceGuid" in scope
    ? sql<SqlBool>`spaces.guid = ${scope.spaceGuid}`
    : sql<SqlBool>`spaces.organization_guid = ${scope.organizationGuid}`;
}

async function privateDomains(db: Executor, scope: UsageScope): Promise<number> {
  const owned = db.selectFrom("domains").select(sql<number>`count(*)`.as("count"));
  const query =
    scope === "platform"
      ? owned.where("organizationGuid", "is not", null)
      : "organizationGuid" in scope
        ? owned.where("organizationGuid", "=", scope.organizationGuid)
        : owned.where("organizationGuid", "=", (eb) =>
            eb.selectFrom("spaces").select("organizationGuid").where("guid", "=", scope.spaceGuid),
          );
  return Number((await query.executeTakeFirstOrThrow()).count);
}
