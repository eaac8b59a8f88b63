import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { recordProcessUsage } from "../app-usage-events/record-usage-event.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { processesOfApp } from "../processes/find-process.ts";
import { cancelTasks, deleteTasks } from "../tasks/task-delete.ts";
import { changeAppCount } from "./app-count.ts";
import type { AppDataRemover, AppRunner } from "./app-runner.ts";
import type { App } from "./app-table.ts";
import { findApp } from "./find-app.ts";

export interface AppDelete {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runner: AppRunner;
  readonly remover: AppDataRemover;
}

const payload = z.object({ appGuid: z.string() });

export function appDelete(dependencies: AppDelete): JobHandler {
  return {
    operation: "app.delete",
    async run(job) {
      const { appGuid } = payload.parse(job.payload);
      await deleteApp(dependencies, { appGuid, actor: job.actor });
    },
  };
}

/**
 * Removes an app with all it owns: LRPs, tasks, packages, builds, droplets, blobs, then its rows. Routes stay. It is
 * stopped first, so that no loop starts it again. Each step may be repeated. What could not be removed from Diego now is
 * removed by the sync loops, which find neither process nor task for it.
 */
export async function deleteApp(
  { db, clock, logger, runner, remover }: AppDelete,
  { appGuid, actor }: { readonly appGuid: string; readonly actor: Actor },
): Promise<void> {
  const app = await findApp(db, appGuid);
  if (app === undefined) return;
  await db.transaction().execute(async (tx) => {
    if (app.state === "STARTED") await stop(tx, clock, { app, actor });
    await cancelTasks(tx, clock, { app, actor });
  });
  await runner.removeApp(appGuid).catch((error: unknown) => {
    logger.warn("left-to-sync", { app: appGuid, error });
  });
  await remover.removeAppData(appGuid);
  await db.transaction().execute((tx) => deleteRows(tx, clock, { app, actor }));
}

async function stop(
  db: Executor,
  clock: Clock,
  { app, actor }: { readonly app: App; readonly actor: Actor },
): Promise<void> {
  await db
    .updateTable("apps")
    .set({ ...touched(clock), desiredState: "STOPPED" })
    .where("guid", "=", app.guid)
    .execute();
  await recordAuditEvent(db, clock, {
    type: "audit.app.stop",
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { delete_triggered: true, reason: "stopped as part of app deletion" },
  });
  const processes = await processesOfApp(db, app.guid);
  for (const process of processes.filter(({ state }) => state === "STARTED")) {
    await db
      .updateTable("processes")
      .set({ ...touched(clock), state: "STOPPED" })
      .where("guid", "=", process.guid)
      .execute();
    await recordProcessUsage(db, clock, { before: process, after: undefined });
  }
}

async function deleteRows(
  db: Executor,
  clock: Clock,
  { app, actor }: { readonly app: App; readonly actor: Actor },
): Promise<void> {
  const processes = await processesOfApp(db, app.guid);
  for (const process of processes) {
    await recordAuditEvent(db, clock, {
      type: "audit.app.process.delete",
      actor,
      target: { guid: app.guid, type: "app", name: app.name },
      spaceGuid: app.spaceGuid,
      data: { process_guid: process.guid, process_type: process.type },
    });
  }
  await deleteMetadata(
    db,
    "process",
    processes.map((process) => process.guid),
  );
  await deleteMetadata(db, "app", [app.guid]);
  await deleteTasks(db, clock, app.guid);
  await deleteDeployments(db, app.guid);
  await db.deleteFrom("destinations").where("appGuid", "=", app.guid).execute();
  await db.deleteFrom("sidecars").where("appGuid", "=", app.guid).execute();
  await db.deleteFrom("processes").where("appGuid", "=", app.guid).execute();
  const deleted = await db.deleteFrom("apps").where("guid", "=", app.guid).executeTakeFirst();
  await changeAppCount(db, app.spaceGuid, -Number(deleted.numDeletedRows));
}

async function deleteDeployments(db: Executor, appGuid: string): Promise<void> {
  for (const [table, type] of [
    ["deployments", "deployment"],
    ["revisions", "revision"],
  ] as const) {
    const rows = await db
      .deleteFrom(table)
      .where("appGuid", "=", appGuid)
      .returning("guid")
      .execute();
    await deleteMetadata(
      db,
      type,
      rows.map(({ guid }) => guid),
    );
  }
}
