import { randomBytes } from "node:crypto";
import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { hidden, recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { newRecord } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Droplet } from "../droplets/droplet-table.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { findProcess } from "../processes/find-process.ts";
import { startCommands } from "../processes/process-commands.ts";
import { taskQuotaFaults } from "../quotas/check-quota.ts";
import type { CreateTask } from "./messages.ts";
import { taskFaults, taskUserFaults, wantedTask, type WantedTask } from "./new-task.ts";
import type { TaskRunner } from "./task-runner.ts";
import type { Task } from "./task-table.ts";

export interface TaskCreation {
  readonly db: Database;
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly tasks: TaskRunner;
}

export interface TaskRequest {
  readonly app: App;
  readonly message: CreateTask;
  /** That the message names; undefined: the app's current one. */
  readonly droplet: Droplet | undefined;
  readonly actor: Actor;
}

/** Stores a task and hands it to Diego, in Cloud Controller's order of checks. */
export async function createTask(creation: TaskCreation, request: TaskRequest): Promise<Task> {
  const { db, limits, tasks } = creation;
  const { app, message } = request;
  const droplet = request.droplet ?? (await findDroplet(db, app.dropletGuid ?? ""));
  if (droplet === undefined) {
    throw unprocessable(
      "Task must have a droplet. Specify droplet or assign current droplet to app.",
    );
  }
  if ((message.disk_in_mb ?? 0) > limits.maximumDiskInMb) {
    throw unprocessable(`Cannot request disk_in_mb greater than ${limits.maximumDiskInMb}`);
  }
  const task = await db.transaction().execute(async (tx) => {
    const wanted = wantedTask(message, {
      template: await templateOf(tx, message),
      defaults: limits,
      generatedName: randomBytes(4).toString("hex"),
    });
    // Taken before the quota is read: of two creations for an app the second waits here for the first.
    const sequenceId = await nextSequenceId(tx, app.guid);
    const faults = [
      ...taskFaults(wanted),
      ...(await taskQuotaFaults(tx, {
        spaceGuid: app.spaceGuid,
        task: { ...wanted, isNew: true },
      })),
      ...taskUserFaults(wanted),
    ];
    if (faults.length > 0) throw unprocessable(faults.join(", "));
    return await insertTask(tx, creation.clock, { ...request, droplet, wanted, sequenceId });
  });
  await tasks.run({ task, app, droplet });
  return task;
}

async function templateOf(db: Executor, message: CreateTask) {
  if (message.template === undefined) return undefined;
  const { guid } = message.template.process;
  const process = await findProcess(db, guid);
  if (process === undefined) {
    throw new CfError("ProcessNotFound", `The process could not be found: ${guid}`);
  }
  const commands = await startCommands(db, [process]);
  return { ...process, startCommand: commands.get(guid) ?? null };
}

async function nextSequenceId(db: Executor, appGuid: string): Promise<number> {
  const { last } = await db
    .insertInto("taskSequences")
    .values({ appGuid, last: 1 })
    .onConflict((conflict) =>
      conflict.column("appGuid").doUpdateSet((eb) => ({ last: eb("taskSequences.last", "+", 1) })),
    )
    .returning("last")
    .executeTakeFirstOrThrow();
  return last;
}

async function insertTask(
  db: Executor,
  clock: Clock,
  {
    app,
    droplet,
    message,
    actor,
    wanted,
    sequenceId,
  }: TaskRequest & {
    readonly droplet: Droplet;
    readonly wanted: WantedTask;
    readonly sequenceId: number;
  },
): Promise<Task> {
  const task = await db
    .insertInto("tasks")
    .values({
      ...newRecord(clock),
      ...wanted,
      name: wanted.name ?? "",
      command: wanted.command ?? "",
      appGuid: app.guid,
      dropletGuid: droplet.guid,
      sequenceId,
      state: "PENDING",
      failureReason: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await updateMetadata(db, { type: "task", guid: task.guid }, message.metadata);
  await recordTaskEvent(db, clock, { type: "audit.app.task.create", task, app, actor });
  return task;
}

export async function recordTaskEvent(
  db: Executor,
  clock: Clock,
  event: {
    readonly type: "audit.app.task.create" | "audit.app.task.cancel";
    readonly task: Task;
    readonly app: App;
    readonly actor: Actor;
  },
): Promise<void> {
  const { task, app } = event;
  await recordAuditEvent(db, clock, {
    type: event.type,
    actor: event.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: {
      task_guid: task.guid,
      request: { name: task.name, memory_in_mb: task.memoryInMb, command: hidden },
    },
  });
}
