import { sql } from "kysely";
import { z } from "zod";
import type { Database, Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteRoutes } from "../routes/route-delete.ts";

const payload = z.object({ domainGuid: z.string() });

/** The job `domain.delete`: the domain with its routes. */
export function domainDelete(
  db: Database,
  routesChanged: (appGuid: string) => Promise<void>,
): JobHandler {
  return {
    operation: "domain.delete",
    async run(job) {
      const { domainGuid } = payload.parse(job.payload);
      const apps = await db.transaction().execute((tx) => deleteDomains(tx, [domainGuid]));
      for (const app of apps) await routesChanged(app);
    },
  };
}

/** Removes domains with their routes, whosever they are, and gives the apps that had been reached by them. */
export async function deleteDomains(
  db: Executor,
  guids: readonly string[],
): Promise<readonly string[]> {
  const routes = await db
    .selectFrom("routes")
    .select("guid")
    .where(isOneOf(sql.ref("routes.domainGuid"), guids))
    .execute();
  const reached = await deleteRoutes(
    db,
    routes.map((route) => route.guid),
  );
  await deleteMetadata(db, "domain", guids);
  await db
    .deleteFrom("domains")
    .where(isOneOf(sql.ref("domains.guid"), guids))
    .execute();
  return reached;
}
