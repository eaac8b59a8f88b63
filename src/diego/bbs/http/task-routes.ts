import {
  CompleteTaskRequestSchema,
  DesireTaskRequestSchema,
  FailTaskRequestSchema,
  RejectTaskRequestSchema,
  StartTaskRequestSchema,
  StartTaskResponseSchema,
  TaskByGuidRequestSchema,
  TaskGuidRequestSchema,
  TaskLifecycleResponseSchema,
  TaskResponseSchema,
  TasksRequestSchema,
  TasksResponseSchema,
} from "#diego/models/proto/task_pb.js";
import { BbsError } from "#diego/models/bbs-error.ts";
import { decodeTaskDefinition, encodeTask } from "#diego/models/task-codec.ts";
import type { TaskOperations } from "../controllers/task-operations.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { taskByGuid, tasks } from "../store/task-table.ts";
import { mandatory, protobufRoute, type ProtobufRoute } from "./protobuf-route.ts";

export function taskRoutes(db: BbsDatabase, operations: TaskOperations): ProtobufRoute[] {
  return [...readRoutes(db), ...ownerRoutes(operations), ...cellRoutes(operations)];
}

function readRoutes(db: BbsDatabase): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/tasks/list.r3",
      { request: TasksRequestSchema, response: TasksResponseSchema },
      async ({ domain, cellId }) => {
        const found = await tasks(db, {
          ...(domain === "" ? {} : { domain }),
          ...(cellId === "" ? {} : { cellId }),
        });
        return { tasks: found.map(encodeTask) };
      },
    ),
    protobufRoute(
      "/v1/tasks/get_by_task_guid.r3",
      { request: TaskByGuidRequestSchema, response: TaskResponseSchema },
      async ({ taskGuid }) => {
        const task = await taskByGuid(db, taskGuid);
        if (task === undefined) {
          throw new BbsError("ResourceNotFound", `There is no task "${taskGuid}"`);
        }
        return { task: encodeTask(task) };
      },
    ),
  ];
}

/** What the one who desires a task may do. */
function ownerRoutes(operations: TaskOperations): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/tasks/desire.r2",
      { request: DesireTaskRequestSchema, response: TaskLifecycleResponseSchema },
      async ({ taskDefinition, taskGuid, domain }) => {
        const definition = decodeTaskDefinition(taskDefinition);
        await operations.desire({ definition, taskGuid, domain });
        return {};
      },
    ),
    ...(["cancel", "resolving", "delete"] as const).map((verb) =>
      protobufRoute(
        `/v1/tasks/${verb}`,
        { request: TaskGuidRequestSchema, response: TaskLifecycleResponseSchema },
        async ({ taskGuid }) => {
          await operations[verb](mandatory("task_guid", taskGuid));
          return {};
        },
      ),
    ),
  ];
}

/** What cells and the auctioneer report. */
function cellRoutes(operations: TaskOperations): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/tasks/start",
      { request: StartTaskRequestSchema, response: StartTaskResponseSchema },
      async ({ taskGuid, cellId }) =>
        operations.start(mandatory("task_guid", taskGuid), mandatory("cell_id", cellId)),
    ),
    protobufRoute(
      "/v1/tasks/complete",
      { request: CompleteTaskRequestSchema, response: TaskLifecycleResponseSchema },
      async ({ taskGuid, cellId, failed, failureReason, result }) => {
        await operations.complete(mandatory("task_guid", taskGuid), {
          cellId: mandatory("cell_id", cellId),
          failed,
          failureReason,
          result,
        });
        return {};
      },
    ),
    protobufRoute(
      "/v1/tasks/fail",
      { request: FailTaskRequestSchema, response: TaskLifecycleResponseSchema },
      async ({ taskGuid, failureReason }) => {
        await operations.fail(mandatory("task_guid", taskGuid), failureReason);
        return {};
      },
    ),
    protobufRoute(
      "/v1/tasks/reject",
      { request: RejectTaskRequestSchema, response: TaskLifecycleResponseSchema },
      async ({ taskGuid, rejectionReason }) => {
        await operations.reject(mandatory("task_guid", taskGuid), rejectionReason);
        return {};
      },
    ),
  ];
}
