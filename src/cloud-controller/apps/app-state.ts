import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import { recordStateUsage } from "../app-usage-events/record-usage-event.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { processesOfApp } from "../processes/find-process.ts";
import type { Process } from "../processes/process-table.ts";
import { currentRevision } from "../revisions/revision-create.ts";
import type { Revision } from "../revisions/revision-table.ts";
import { quotaFaults } from "../quotas/check-quota.ts";
import type { AppLog } from "./app-log.ts";
import type { AppRunner, StagingStopper } from "./app-runner.ts";
import type { App, AppState } from "./app-table.ts";

interface StateChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly runner: AppRunner;
  readonly appLog: AppLog;
  readonly actor: Actor;
}

/** Starts all processes of a stopped app, as the revision that it is now. On a started one only the event is recorded. */
export async function startApp(change: StateChange, app: App): Promise<void> {
  requireDroplet(app);
  await change.db.transaction().execute(async (tx) => {
    if (app.state !== "STARTED") await setStarted(tx, change, app);
    await recordStateEvent(tx, change, { app, type: "audit.app.start" });
  });
  if (app.state === "STARTED") return;
  change.appLog.write(app, `Starting app with guid ${app.guid}`);
  await tellRunner(change, app);
}

/** What is being staged of it ends too, also where nothing of it runs yet. */
export async function stopApp(
  change: StateChange & { readonly stagings: StagingStopper },
  app: App,
): Promise<void> {
  await change.db.transaction().execute(async (tx) => {
    if (app.state !== "STOPPED") await setState(tx, change.clock, { app, state: "STOPPED" });
    await recordStateEvent(tx, change, { app, type: "audit.app.stop" });
  });
  await change.stagings.cancelStagingsOfApp(app.guid, change.actor);
  if (app.state === "STOPPED") return;
  change.appLog.write(app, `Stopping app with guid ${app.guid}`);
  await tellRunner(change, app);
}

/** Stops what runs and starts it anew with a new version; not without a gap. */
export async function restartApp(change: StateChange, app: App): Promise<void> {
  requireDroplet(app);
  const before = await processesOfApp(change.db, app.guid);
  await change.db.transaction().execute(async (tx) => {
    await setStarted(tx, change, app);
    await recordStateEvent(tx, change, { app, type: "audit.app.restart" });
  });
  change.appLog.write(app, `Restarting app with guid ${app.guid}`);
  for (const process of before.filter((candidate) => candidate.state === "STARTED")) {
    await change.runner.removeLrp(`${process.guid}-${process.version}`);
  }
  await tellRunner(change, app);
}

async function setStarted(db: Executor, change: StateChange, app: App): Promise<void> {
  const revision = await currentRevision(db, change, app.guid);
  await setState(db, change.clock, { app, state: "STARTED", revision });
}

/**
 * A start, also of what runs, gives each process a new version, so a new LRP, and makes it what the revision says; the
 * caller tells the runner once that is committed.
 *
 * @throws 422 with what the quotas have against it
 */
export async function setState(
  db: Executor,
  clock: Clock,
  {
    app,
    state,
    revision,
  }: {
    readonly app: App;
    readonly state: AppState;
    readonly revision?: Revision | undefined;
  },
): Promise<void> {
  const processes = await processesOfApp(db, app.guid);
  if (state === "STARTED") {
    const changed: Process[] = processes.map((process) => ({ ...process, state }));
    const faults = await quotaFaults(db, { spaceGuid: app.spaceGuid, changed });
    if (faults.length > 0) throw unprocessable(faults.join(", "));
  }
  await db
    .updateTable("apps")
    .set({ ...touched(clock), desiredState: state })
    .where("guid", "=", app.guid)
    .execute();
  for (const process of processes) {
    await db
      .updateTable("processes")
      .set({
        ...touched(clock),
        state,
        ...(state === "STARTED" ? { version: randomGuids() } : {}),
        ...(revision === undefined ? {} : { revisionGuid: revision.guid }),
      })
      .where("guid", "=", process.guid)
      .execute();
    await recordStateUsage(db, clock, { before: process, state });
  }
}

async function tellRunner({ db, runner }: StateChange, app: App): Promise<void> {
  for (const process of await processesOfApp(db, app.guid)) {
    await runner.processChanged(process.guid);
  }
}

async function recordStateEvent(
  db: Executor,
  { clock, actor }: StateChange,
  { app, type }: { readonly app: App; readonly type: string },
): Promise<void> {
  await recordAuditEvent(db, clock, {
    type,
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
  });
}

/** @throws 422 */
export function requireDroplet(app: App): void {
  if (app.dropletGuid !== null) return;
  throw unprocessable("Assign a droplet before starting this app.");
}
