import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromNanoseconds, toNanoseconds } from "#kernel/clock/clock.ts";
import { decodeMandatoryAction, encodeAction } from "./action-codec.ts";
import { BbsError } from "./bbs-error.ts";
import {
  decodeContainerDefinition,
  encodeContainerDefinition,
} from "./container-definition-codec.ts";
import {
  Task_State,
  type Task as TaskMessage,
  type TaskDefinition as TaskDefinitionMessage,
  type TaskDefinitionSchema,
  type TaskSchema,
} from "./proto/task_pb.js";
import type { Task, TaskDefinition, TaskState } from "./task.ts";

export function encodeTaskDefinition(
  definition: TaskDefinition,
): MessageInitShape<typeof TaskDefinitionSchema> {
  return {
    ...encodeContainerDefinition(definition),
    action: encodeAction(definition.action),
    resultFile: definition.resultFile,
    completionCallbackUrl: definition.completionCallbackUrl,
  };
}

/** @throws {BbsError} InvalidRequest where the message is no task definition. */
export function decodeTaskDefinition(message: TaskDefinitionMessage | undefined): TaskDefinition {
  if (message === undefined) {
    throw new BbsError("InvalidRequest", "Invalid field: task_definition");
  }
  return {
    ...decodeContainerDefinition(message),
    action: decodeMandatoryAction(message.action),
    resultFile: message.resultFile,
    completionCallbackUrl: message.completionCallbackUrl,
  };
}

const stateNumbers = {
  PENDING: Task_State.PENDING,
  RUNNING: Task_State.RUNNING,
  COMPLETED: Task_State.COMPLETED,
  RESOLVING: Task_State.RESOLVING,
} as const satisfies Record<TaskState, Task_State>;

export function encodeTask(task: Task): MessageInitShape<typeof TaskSchema> {
  return {
    taskDefinition: encodeTaskDefinition(task.definition),
    taskGuid: task.taskGuid,
    domain: task.domain,
    createdAt: toNanoseconds(task.createdAt),
    updatedAt: toNanoseconds(task.updatedAt),
    firstCompletedAt:
      task.firstCompletedAt === undefined ? 0n : toNanoseconds(task.firstCompletedAt),
    state: stateNumbers[task.state],
    cellId: task.cellId,
    result: task.result,
    failed: task.failed,
    failureReason: task.failureReason,
    rejectionCount: task.rejectionCount,
    rejectionReason: task.rejectionReason,
  };
}

/** @throws {BbsError} InvalidRequest or InvalidRecord where the message is no task. */
export function decodeTask(message: TaskMessage): Task {
  return {
    definition: decodeTaskDefinition(message.taskDefinition),
    taskGuid: message.taskGuid,
    domain: message.domain,
    createdAt: fromNanoseconds(message.createdAt),
    updatedAt: fromNanoseconds(message.updatedAt),
    firstCompletedAt:
      message.firstCompletedAt === 0n ? undefined : fromNanoseconds(message.firstCompletedAt),
    state: decodeTaskState(message.state),
    cellId: message.cellId,
    result: message.result,
    failed: message.failed,
    failureReason: message.failureReason,
    rejectionCount: message.rejectionCount,
    rejectionReason: message.rejectionReason,
  };
}

function decodeTaskState(state: Task_State): TaskState {
  switch (state) {
    case Task_State.PENDING:
      return "PENDING";
    case Task_State.RUNNING:
      return "RUNNING";
    case Task_State.COMPLETED:
      return "COMPLETED";
    case Task_State.RESOLVING:
      return "RESOLVING";
    case Task_State.Invalid:
      throw new BbsError("InvalidRecord", "Invalid field: state");
  }
}
