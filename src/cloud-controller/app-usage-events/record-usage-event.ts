import type { Insertable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import type { App } from "../apps/app-table.ts";
import type { Build } from "../builds/build-table.ts";
import { isBuildpackUri, withoutCredentials } from "../buildpacks/buildpack-uri.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import type { Process } from "../processes/process-table.ts";
import { appPlace } from "../running/app-place.ts";
import type { Task } from "../tasks/task-table.ts";
import type { AppUsageEventTable } from "./app-usage-event-table.ts";
import { processUsage } from "./process-usage.ts";

type Columns = Omit<
  Insertable<AppUsageEventTable>,
  "id" | "guid" | "createdAt" | "updatedAt" | "appGuid" | "appName" | PlaceColumn
>;
type PlaceColumn = "spaceGuid" | "spaceName" | "organizationGuid";

/** Staging is told with this size whatever its limit, as in the original. */
const stagingMemoryInMb = 1024;

/**
 * Records what a change of a process means, in the transaction that changes it; mostly nothing. To be called by all who
 * write a process.
 */
export async function recordProcessUsage(
  db: Executor,
  clock: Clock,
  { before, after }: { readonly before: Process; readonly after: Process | undefined },
): Promise<void> {
  const state = processUsage(before, after);
  const process = after ?? before;
  if (state === undefined) return;
  await insertProcessEvent(db, clock, { state, process, before });
}

/** What a start or stop of a process means; a start of what runs is told as a stop and a start. */
export async function recordStateUsage(
  db: Executor,
  clock: Clock,
  { before, state }: { readonly before: Process; readonly state: Process["state"] },
): Promise<void> {
  const stopped: Process = { ...before, state: "STOPPED" };
  await recordProcessUsage(db, clock, { before, after: stopped });
  await recordProcessUsage(db, clock, { before: stopped, after: { ...before, state } });
}

/** A started process as it is now, told as a start that changed nothing. */
export async function recordReseeded(db: Executor, clock: Clock, process: Process): Promise<void> {
  await insertProcessEvent(db, clock, { state: "STARTED", process, before: process });
}

async function insertProcessEvent(
  db: Executor,
  clock: Clock,
  {
    state,
    process,
    before,
  }: {
    readonly state: "STARTED" | "STOPPED";
    readonly process: Process;
    readonly before: Process;
  },
): Promise<void> {
  const app = await findApp(db, process.appGuid);
  if (app === undefined) return;
  await insertEvent(db, clock, {
    app,
    columns: {
      state,
      previousState: before.state,
      processGuid: process.guid,
      processType: process.type,
      ...(await buildpackOf(db, {
        names: app.lifecycle.buildpacks.filter(isBuildpackUri),
        droplet: await findDroplet(db, app.dropletGuid ?? ""),
        prefersNames: true,
      })),
      ...noTask,
      memoryInMbPerInstance: process.memoryInMb,
      previousMemoryInMbPerInstance: before.memoryInMb,
      instanceCount: process.instances,
      previousInstanceCount: before.instances,
    },
  });
}

export async function recordBuildUsage(
  db: Executor,
  clock: Clock,
  event: {
    readonly build: Build;
    readonly app: App;
    readonly droplet?: Droplet | undefined;
    readonly state: "STAGING_STARTED" | "STAGING_STOPPED" | "BUILDPACK_SET";
  },
): Promise<void> {
  const { build, app, droplet, state } = event;
  await insertEvent(db, clock, {
    app,
    columns: {
      state,
      previousState: state === "BUILDPACK_SET" ? "STAGED" : "STAGING",
      processGuid: null,
      processType: null,
      ...(await buildpackOf(db, { names: build.buildpacks, droplet, prefersNames: false })),
      ...noTask,
      memoryInMbPerInstance: stagingMemoryInMb,
      previousMemoryInMbPerInstance: stagingMemoryInMb,
      instanceCount: 1,
      previousInstanceCount: 1,
    },
  });
}

export async function recordTaskStarted(db: Executor, clock: Clock, task: Task): Promise<void> {
  await insertTaskEvent(db, clock, { task, state: "TASK_STARTED", previousState: "PENDING" });
}

/** Only for a task whose start was told, and once. `task` is as it was before it ended. */
export async function recordTaskStopped(db: Executor, clock: Clock, task: Task): Promise<void> {
  const told = await db
    .selectFrom("appUsageEvents")
    .select("state")
    .where("taskGuid", "=", task.guid)
    .execute();
  const states = told.map(({ state }) => state);
  if (!states.includes("TASK_STARTED") || states.includes("TASK_STOPPED")) return;
  await insertTaskEvent(db, clock, { task, state: "TASK_STOPPED", previousState: task.state });
}

async function insertTaskEvent(
  db: Executor,
  clock: Clock,
  {
    task,
    ...states
  }: {
    readonly task: Task;
    readonly state: "TASK_STARTED" | "TASK_STOPPED";
    readonly previousState: string;
  },
): Promise<void> {
  const app = await findApp(db, task.appGuid);
  if (app === undefined) return;
  await insertEvent(db, clock, {
    app,
    columns: {
      ...states,
      processGuid: null,
      processType: null,
      buildpackGuid: null,
      buildpackName: null,
      taskGuid: task.guid,
      taskName: task.name,
      memoryInMbPerInstance: task.memoryInMb,
      previousMemoryInMbPerInstance: task.memoryInMb,
      instanceCount: 1,
      previousInstanceCount: 1,
    },
  });
}

const noTask = { taskGuid: null, taskName: null };

async function insertEvent(
  db: Executor,
  clock: Clock,
  { app, columns }: { readonly app: App; readonly columns: Columns },
): Promise<void> {
  const { spaceGuid, spaceName, organizationGuid } = await appPlace(db, app.spaceGuid);
  await db
    .insertInto("appUsageEvents")
    .values({
      ...newRecord(clock),
      ...columns,
      appGuid: app.guid,
      appName: app.name,
      spaceGuid,
      spaceName,
      organizationGuid,
    })
    .execute();
}

/** The buildpack that the droplet has its form from; without a droplet the first that was asked for. */
async function buildpackOf(
  db: Executor,
  of: {
    readonly names: readonly string[];
    readonly droplet: Droplet | undefined;
    /** A process is told with the URL that its app asks for, whatever its droplet came from. */
    readonly prefersNames: boolean;
  },
): Promise<Pick<AppUsageEventTable, "buildpackGuid" | "buildpackName">> {
  const { names, droplet, prefersNames } = of;
  const receipt = droplet === undefined ? undefined : receiptOf(droplet);
  const asked = names[0] === undefined ? undefined : withoutCredentials(names[0]);
  const row =
    receipt === undefined
      ? undefined
      : await db
          .selectFrom("buildpacks")
          .select("guid")
          .where("name", "=", receipt)
          .orderBy("position")
          .executeTakeFirst();
  const name = prefersNames ? (asked ?? receipt) : (receipt ?? asked);
  return { buildpackGuid: row?.guid ?? null, buildpackName: name ?? null };
}

/** The entry whose detect script spoke, else the last: it alone may give a droplet its form. */
function receiptOf({ buildpacks }: Pick<Droplet, "buildpacks">): string | undefined {
  const detected = buildpacks.find(({ detectOutput }) => detectOutput !== null);
  return (detected ?? buildpacks.at(-1))?.name;
}
