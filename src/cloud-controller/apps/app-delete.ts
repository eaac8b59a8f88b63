import { z } from "zod";
import type { Logger } from "#kernel/log/logger.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteTasks } from "../tasks/task-delete.ts";
import type { AppDataRemover, AppRunner } from "./app-runner.ts";

export interface AppDelete {
  readonly db: Database;
  readonly logger: Logger;
  readonly runner: AppRunner;
  readonly remover: AppDataRemover;
}

const payload = z.object({ appGuid: z.string() });

export function appDelete(dependencies: AppDelete): JobHandler {
  return {
    operation: "app.delete",
    run: (job) => deleteApp(dependencies, payload.parse(job.payload).appGuid),
  };
}

/**
 * Removes an app with all it owns: LRPs, tasks, packages, builds, droplets, blobs, then its rows. Routes stay. Each step may
 * be repeated. An LRP that could not be removed now is removed by the sync loop, which finds no process for it.
 */
export async function deleteApp(
  { db, logger, runner, remover }: AppDelete,
  appGuid: string,
): Promise<void> {
  await runner.removeApp(appGuid).catch((error: unknown) => {
    logger.warn("lrps-left-to-sync", { app: appGuid, error });
  });
  await remover.removeAppData(appGuid);
  await db.transaction().execute((tx) => deleteRows(tx, appGuid));
}

async function deleteRows(db: Executor, appGuid: string): Promise<void> {
  const processes = await db
    .selectFrom("processes")
    .select("guid")
    .where("appGuid", "=", appGuid)
    .execute();
  await deleteMetadata(
    db,
    "process",
    processes.map((process) => process.guid),
  );
  await deleteMetadata(db, "app", [appGuid]);
  await deleteTasks(db, appGuid);
  await db.deleteFrom("destinations").where("appGuid", "=", appGuid).execute();
  const revisions = await db
    .deleteFrom("revisions")
    .where("appGuid", "=", appGuid)
    .returning("guid")
    .execute();
  await deleteMetadata(
    db,
    "revision",
    revisions.map(({ guid }) => guid),
  );
  await db.deleteFrom("sidecars").where("appGuid", "=", appGuid).execute();
  await db.deleteFrom("processes").where("appGuid", "=", appGuid).execute();
  await db.deleteFrom("apps").where("guid", "=", appGuid).execute();
}
