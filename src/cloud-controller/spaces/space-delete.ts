import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { deleteApp, type AppDelete } from "../apps/app-delete.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type Actor, type AuthContext } from "../http/auth-context.ts";
import type { Job } from "../jobs/job.ts";
import type { JobHandler, Jobs } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteRoutes } from "../routes/route-delete.ts";
import { recordSpaceEvent } from "./space-event.ts";
import type { Space } from "./space-table.ts";

const payload = z.object({ spaceGuid: z.string() });

/** From here on the space takes no more changes, unless the job fails. */
export async function requestSpaceDelete(
  { db, clock, jobs }: { readonly db: Database; readonly clock: Clock; readonly jobs: Jobs },
  space: Space,
  auth: AuthContext,
): Promise<Job> {
  const { guid } = space;
  const job = await db.transaction().execute(async (tx) => {
    await tx.updateTable("spaces").set({ deleting: 1 }).where("guid", "=", guid).execute();
    await recordSpaceEvent(tx, clock, {
      type: "audit.space.delete-request",
      space,
      actor: actorOf(auth),
      request: { recursive: true },
    });
    return await jobs.insert(tx, {
      operation: "space.delete",
      payload: { spaceGuid: guid },
      resource: { guid, type: "space" },
      actor: actorOf(auth),
    });
  });
  jobs.activate();
  return job;
}

export function spaceDelete(dependencies: AppDelete): JobHandler {
  const { db } = dependencies;
  return {
    operation: "space.delete",
    async run(job, signal) {
      const { spaceGuid } = payload.parse(job.payload);
      try {
        await deleteSpace(dependencies, { spaceGuid, actor: job.actor });
      } catch (error) {
        // A stop is no failure: the job goes on at the next start.
        if (!signal.aborted) {
          await db
            .updateTable("spaces")
            .set({ deleting: 0 })
            .where("guid", "=", spaceGuid)
            .execute();
        }
        throw error;
      }
    },
  };
}

/**
 * Removes a space with its apps, routes and roles. Each step may be repeated. Where its organization goes nobody has
 * asked for the deletion of the space by itself: it is recorded when it is done.
 */
export async function deleteSpace(
  dependencies: AppDelete,
  {
    spaceGuid,
    actor,
    withOrganization = false,
  }: { readonly spaceGuid: string; readonly actor: Actor; readonly withOrganization?: boolean },
): Promise<void> {
  const { db, clock, runner } = dependencies;
  const apps = await db
    .selectFrom("apps")
    .select("guid")
    .where("spaceGuid", "=", spaceGuid)
    .execute();
  for (const app of apps) await deleteApp(dependencies, { appGuid: app.guid, actor });
  const reached = await db.transaction().execute(async (tx) => {
    const routes = await tx
      .selectFrom("routes")
      .select("guid")
      .where("spaceGuid", "=", spaceGuid)
      .execute();
    const reachedByShared = await deleteRoutes(
      tx,
      routes.map((route) => route.guid),
    );
    for (const table of ["routeShares", "securityGroupBindings", "roles"] as const) {
      await tx.deleteFrom(table).where("spaceGuid", "=", spaceGuid).execute();
    }
    await deleteMetadata(tx, "space", [spaceGuid]);
    const space = await tx
      .deleteFrom("spaces")
      .where("guid", "=", spaceGuid)
      .returning(["guid", "name", "organizationGuid", "deleting"])
      .executeTakeFirst();
    if (withOrganization && space?.deleting === 0) {
      const type = "audit.space.delete-request";
      await recordSpaceEvent(tx, clock, { type, space, actor, request: { recursive: true } });
    }
    return reachedByShared;
  });
  for (const app of reached) await runner.routesChanged(app);
}
