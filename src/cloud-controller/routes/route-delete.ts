import { sql } from "kysely";
import { z } from "zod";
import type { AppRunner } from "../apps/app-runner.ts";
import type { Database, Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";

interface RouteDelete {
  readonly db: Database;
  readonly runner: AppRunner;
}

const routePayload = z.object({ routeGuid: z.string() });
const spacePayload = z.object({ spaceGuid: z.string() });

export function routeDelete({ db, runner }: RouteDelete): JobHandler {
  return {
    operation: "route.delete",
    async run(job) {
      const { routeGuid } = routePayload.parse(job.payload);
      const apps = await db.transaction().execute((tx) => deleteRoutes(tx, [routeGuid]));
      for (const app of apps) await runner.routesChanged(app);
    },
  };
}

export function unmappedRoutesDelete({ db }: RouteDelete): JobHandler {
  return {
    operation: "space.delete_unmapped_routes",
    async run(job) {
      const { spaceGuid } = spacePayload.parse(job.payload);
      await db.transaction().execute(async (tx) => {
        const rows = await tx
          .selectFrom("routes")
          .select("guid")
          .where("spaceGuid", "=", spaceGuid)
          .where("guid", "not in", (eb) => eb.selectFrom("destinations").select("routeGuid"))
          .execute();
        await deleteRoutes(
          tx,
          rows.map((row) => row.guid),
        );
      });
    },
  };
}

/** Removes routes with their destinations and gives the apps that had been reached by them. */
export async function deleteRoutes(
  db: Executor,
  guids: readonly string[],
): Promise<readonly string[]> {
  if (guids.length === 0) return [];
  const removed = await db
    .deleteFrom("destinations")
    .where(isOneOf(sql.ref("destinations.routeGuid"), guids))
    .returning("appGuid")
    .execute();
  const policies = await db
    .deleteFrom("routePolicies")
    .where(isOneOf(sql.ref("routePolicies.routeGuid"), guids))
    .returning("guid")
    .execute();
  await deleteMetadata(
    db,
    "route_policy",
    policies.map((policy) => policy.guid),
  );
  await deleteMetadata(db, "route", guids);
  await db
    .deleteFrom("routes")
    .where(isOneOf(sql.ref("routes.guid"), guids))
    .execute();
  return [...new Set(removed.map((row) => row.appGuid))];
}
