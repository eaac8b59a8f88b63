import { z } from "zod";
import { deleteApp, type AppDelete } from "../apps/app-delete.ts";
import { actorOfJob } from "../audit-events/actor-of-job.ts";
import type { Actor } from "../http/auth-context.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteRoutes } from "../routes/route-delete.ts";

const payload = z.object({ spaceGuid: z.string() });

export function spaceDelete(dependencies: AppDelete): JobHandler {
  return {
    operation: "space.delete",
    async run(job) {
      const { spaceGuid } = payload.parse(job.payload);
      await deleteSpace(dependencies, { spaceGuid, actor: await actorOfJob(dependencies.db, job) });
    },
  };
}

/** Removes a space with its apps, routes and roles. Each step may be repeated. */
export async function deleteSpace(
  dependencies: AppDelete,
  { spaceGuid, actor }: { readonly spaceGuid: string; readonly actor: Actor },
): Promise<void> {
  const { db } = dependencies;
  const apps = await db
    .selectFrom("apps")
    .select("guid")
    .where("spaceGuid", "=", spaceGuid)
    .execute();
  for (const app of apps) await deleteApp(dependencies, { appGuid: app.guid, actor });
  await db.transaction().execute(async (tx) => {
    const routes = await tx
      .selectFrom("routes")
      .select("guid")
      .where("spaceGuid", "=", spaceGuid)
      .execute();
    await deleteRoutes(
      tx,
      routes.map((route) => route.guid),
    );
    await tx.deleteFrom("securityGroupBindings").where("spaceGuid", "=", spaceGuid).execute();
    await tx.deleteFrom("roles").where("spaceGuid", "=", spaceGuid).execute();
    await deleteMetadata(tx, "space", [spaceGuid]);
    await tx.deleteFrom("spaces").where("guid", "=", spaceGuid).execute();
  });
}
