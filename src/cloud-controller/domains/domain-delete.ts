import { z } from "zod";
import type { Database } from "../database/schema.ts";
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
      const apps = await db.transaction().execute(async (tx) => {
        const routes = await tx
          .selectFrom("routes")
          .select("guid")
          .where("domainGuid", "=", domainGuid)
          .execute();
        const reached = await deleteRoutes(
          tx,
          routes.map((route) => route.guid),
        );
        await deleteMetadata(tx, "domain", [domainGuid]);
        await tx.deleteFrom("domains").where("guid", "=", domainGuid).execute();
        return reached;
      });
      for (const app of apps) await routesChanged(app);
    },
  };
}
