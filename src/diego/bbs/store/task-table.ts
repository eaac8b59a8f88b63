import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { BbsError } from "#diego/models/bbs-error.ts";
import { TaskDefinitionSchema } from "#diego/models/proto/task_pb.js";
import { decodeTaskDefinition, encodeTaskDefinition } from "#diego/models/task-codec.ts";
import type { Task } from "#diego/models/task.ts";
import { fromMilliseconds } from "#kernel/clock/clock.ts";
import type { BbsDatabase, TasksRow } from "./bbs-schema.ts";

export interface TaskFilter {
  readonly domain?: string;
  readonly cellId?: string;
}

export async function tasks(db: BbsDatabase, filter: TaskFilter): Promise<Task[]> {
  let query = db.selectFrom("tasks").selectAll();
  if (filter.domain !== undefined) query = query.where("domain", "=", filter.domain);
  if (filter.cellId !== undefined) query = query.where("cellId", "=", filter.cellId);
  return (await query.execute()).map(toTask);
}

export async function taskByGuid(db: BbsDatabase, taskGuid: string): Promise<Task | undefined> {
  const row = await db
    .selectFrom("tasks")
    .selectAll()
    .where("taskGuid", "=", taskGuid)
    .executeTakeFirst();
  return row === undefined ? undefined : toTask(row);
}

/** @throws {BbsError} ResourceExists */
export async function insertTask(db: BbsDatabase, task: Task): Promise<void> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("tasks")
    .values({ ...toColumns(task), definition: definitionBytes(task) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new BbsError("ResourceExists", `Task "${task.taskGuid}" exists already`);
  }
}

/** Compare-and-set on state and cell: a task has no modification tag. @throws {BbsError} ResourceConflict */
export async function replaceTask(db: BbsDatabase, before: Task, after: Task): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable("tasks")
    .set(toColumns(after))
    .where("taskGuid", "=", before.taskGuid)
    .where("state", "=", before.state)
    .where("cellId", "=", before.cellId)
    .where("updatedAt", "=", before.updatedAt.getTime())
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new BbsError("ResourceConflict", `Task "${before.taskGuid}" has changed meanwhile`);
  }
}

export async function deleteTaskRow(db: BbsDatabase, taskGuid: string): Promise<void> {
  await db.deleteFrom("tasks").where("taskGuid", "=", taskGuid).execute();
}

const stateColumn = z.enum(["PENDING", "RUNNING", "COMPLETED", "RESOLVING"]);

function toTask(row: TasksRow): Task {
  return {
    definition: decodeTaskDefinition(fromBinary(TaskDefinitionSchema, row.definition)),
    taskGuid: row.taskGuid,
    domain: row.domain,
    createdAt: fromMilliseconds(row.createdAt),
    updatedAt: fromMilliseconds(row.updatedAt),
    firstCompletedAt:
      row.firstCompletedAt === null ? undefined : fromMilliseconds(row.firstCompletedAt),
    state: stateColumn.parse(row.state),
    cellId: row.cellId,
    result: row.result,
    failed: row.failed === 1,
    failureReason: row.failureReason,
    rejectionCount: row.rejectionCount,
    rejectionReason: row.rejectionReason,
  };
}

function toColumns(task: Task): Omit<TasksRow, "definition"> {
  return {
    taskGuid: task.taskGuid,
    domain: task.domain,
    state: task.state,
    cellId: task.cellId,
    createdAt: task.createdAt.getTime(),
    updatedAt: task.updatedAt.getTime(),
    firstCompletedAt: task.firstCompletedAt?.getTime() ?? null,
    result: task.result,
    failed: task.failed ? 1 : 0,
    failureReason: task.failureReason,
    rejectionCount: task.rejectionCount,
    rejectionReason: task.rejectionReason,
  };
}

function definitionBytes(task: Task): Uint8Array {
  return toBinary(
    TaskDefinitionSchema,
    create(TaskDefinitionSchema, encodeTaskDefinition(task.definition)),
  );
}
