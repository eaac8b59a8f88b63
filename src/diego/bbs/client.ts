import { create, toBinary } from "@bufbuild/protobuf";
import type { Clock } from "#kernel/clock/clock.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import { decodeActualLrp, encodeNetInfo } from "#diego/models/actual-lrp-codec.ts";
import { decodeActualLrpStates } from "#diego/models/actual-lrp-state-codec.ts";
import type {
  ActualLrp,
  ActualLrpInstanceKey,
  ActualLrpKey,
  ActualLrpNetInfo,
  ActualLrpState,
} from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { decodeCellPresence, encodeCellPresence } from "#diego/models/cell-presence-codec.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import {
  decodeDesiredLrp,
  decodeSchedulingInfo,
  encodeDesiredLrpRequest,
  encodeDesiredLrpUpdate,
} from "#diego/models/desired-lrp-codec.ts";
import type {
  DesiredLrp,
  DesiredLrpRequest,
  DesiredLrpSchedulingInfo,
  DesiredLrpUpdate,
} from "#diego/models/desired-lrp.ts";
import { decodeLrpEvent, decodeTaskEvent } from "#diego/models/event-codec.ts";
import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import * as actual from "#diego/models/proto/actual_lrp_pb.js";
import * as cell from "#diego/models/proto/cell_pb.js";
import * as desired from "#diego/models/proto/desired_lrp_pb.js";
import * as domain from "#diego/models/proto/domain_pb.js";
import { EventsByCellIdSchema } from "#diego/models/proto/events_pb.js";
import * as task from "#diego/models/proto/task_pb.js";
import { decodeTask, encodeTaskDefinition } from "#diego/models/task-codec.ts";
import type { Task, TaskDefinition } from "#diego/models/task.ts";
import { BbsTransport } from "./bbs-transport.ts";
import type { ServerSentEvent } from "./events/server-sent-events.ts";

/**
 * What other components may know of the bulletin board. Every method throws `BbsError` where the BBS refuses, and
 * `BbsError` of type Timeout or Unknown where it cannot be reached. Each part asks for the slice that it uses:
 * `Pick<BbsClient, "desireTask" | "cancelTask">`.
 */
export interface BbsClient {
  upsertDomain(domain: string, ttlSeconds: number): Promise<void>;
  /** The domains that are fresh now. */
  domains(): Promise<string[]>;
  cells(): Promise<CellPresence[]>;
  /** A rep's heartbeat: registers the presence for `ttlSeconds` (ours; the original asks locket for this). */
  cellPresence(presence: CellPresence, ttlSeconds: number): Promise<void>;
  /** Withdraws a presence at once (clean stop). */
  removeCellPresence(cellId: string): Promise<void>;

  desireTask(task: {
    readonly definition: TaskDefinition;
    readonly taskGuid: string;
    readonly domain: string;
  }): Promise<void>;
  tasks(filter?: { readonly domain?: string; readonly cellId?: string }): Promise<Task[]>;
  taskByGuid(taskGuid: string): Promise<Task | undefined>;
  startTask(taskGuid: string, cellId: string): Promise<{ readonly shouldStart: boolean }>;
  completeTask(completion: {
    readonly taskGuid: string;
    readonly cellId: string;
    readonly failed: boolean;
    readonly failureReason: string;
    readonly result: string;
  }): Promise<void>;
  rejectTask(taskGuid: string, reason: string): Promise<void>;
  cancelTask(taskGuid: string): Promise<void>;

  desireLrp(lrp: DesiredLrpRequest): Promise<void>;
  updateDesiredLrp(processGuid: string, update: DesiredLrpUpdate): Promise<void>;
  removeDesiredLrp(processGuid: string): Promise<void>;
  desiredLrps(filter?: {
    readonly domain?: string;
    readonly processGuids?: readonly string[];
  }): Promise<DesiredLrp[]>;
  desiredLrpByProcessGuid(processGuid: string): Promise<DesiredLrp | undefined>;
  desiredLrpSchedulingInfos(filter?: {
    readonly domain?: string;
    readonly processGuids?: readonly string[];
  }): Promise<DesiredLrpSchedulingInfo[]>;

  actualLrps(filter?: {
    readonly domain?: string;
    readonly cellId?: string;
    readonly processGuid?: string;
    readonly index?: number;
  }): Promise<ActualLrp[]>;
  actualLrpsByProcessGuids(processGuids: readonly string[]): Promise<ActualLrp[]>;
  /** How all instances of these processes are, whatever their presence, in any order: a fraction of the whole (ours). */
  actualLrpStates(processGuids: readonly string[]): Promise<ActualLrpState[]>;
  claimActualLrp(key: ActualLrpKey, instanceKey: ActualLrpInstanceKey): Promise<void>;
  startActualLrp(start: {
    readonly key: ActualLrpKey;
    readonly instanceKey: ActualLrpInstanceKey;
    readonly netInfo: ActualLrpNetInfo;
    readonly metricTags: Readonly<Record<string, string>>;
    readonly routable: boolean;
  }): Promise<void>;
  crashActualLrp(
    key: ActualLrpKey,
    instanceKey: ActualLrpInstanceKey,
    reason: string,
  ): Promise<void>;
  failActualLrp(key: ActualLrpKey, placementError: string): Promise<void>;
  removeActualLrp(key: ActualLrpKey, instanceKey: ActualLrpInstanceKey): Promise<void>;
  retireActualLrp(key: ActualLrpKey): Promise<void>;

  /**
   * Live events from the moment the promise resolves; none before it is replayed. Ends with the connection, or when
   * `signal` aborts; who still wants to know then subscribes, lists, and applies what is newer.
   */
  subscribeToLrpEvents(signal: AbortSignal): Promise<AsyncIterable<LrpEvent>>;
  subscribeToTaskEvents(signal: AbortSignal): Promise<AsyncIterable<TaskEvent>>;
}

/** A client over HTTP and protobuf. */
export function createBbsClient(options: {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly secret: InternalSecret;
  readonly clock: Clock;
}): BbsClient {
  const transport = new BbsTransport(options);
  return {
    ...domainCalls(transport),
    ...taskCalls(transport),
    ...desiredLrpCalls(transport),
    ...actualLrpReads(transport),
    ...actualLrpReports(transport),
    ...subscriptions(transport),
  };
}

function domainCalls(transport: BbsTransport) {
  return {
    async upsertDomain(name, ttlSeconds) {
      const request = domain.UpsertDomainRequestSchema;
      const response = domain.UpsertDomainResponseSchema;
      const body = { domain: name, ttl: ttlSeconds };
      await transport.call("/v1/domains/upsert", { request, response }, body);
    },
    async domains() {
      const request = domain.EmptyRequestSchema;
      const response = domain.DomainsResponseSchema;
      return (await transport.call("/v1/domains/list", { request, response }, {})).domains;
    },
    async cells() {
      const request = domain.EmptyRequestSchema;
      const response = cell.CellsResponseSchema;
      const { cells } = await transport.call("/v1/cells/list.r1", { request, response }, {});
      return cells.map(decodeCellPresence);
    },
    async cellPresence(presence, ttlSeconds) {
      const request = cell.UpsertCellPresenceRequestSchema;
      const response = cell.CellPresenceLifecycleResponseSchema;
      const body = { presence: encodeCellPresence(presence), ttlSeconds };
      await transport.call("/v1/cells/presence/upsert", { request, response }, body);
    },
    async removeCellPresence(cellId) {
      const request = cell.RemoveCellPresenceRequestSchema;
      const response = cell.CellPresenceLifecycleResponseSchema;
      await transport.call("/v1/cells/presence/remove", { request, response }, { cellId });
    },
  } satisfies Partial<BbsClient>;
}

function taskCalls(transport: BbsTransport) {
  const response = task.TaskLifecycleResponseSchema;
  return {
    async desireTask({ definition, taskGuid, domain }) {
      const request = task.DesireTaskRequestSchema;
      const body = { taskDefinition: encodeTaskDefinition(definition), taskGuid, domain };
      await transport.call("/v1/tasks/desire.r2", { request, response }, body);
    },
    async tasks(filter = {}) {
      const schemas = { request: task.TasksRequestSchema, response: task.TasksResponseSchema };
      const { tasks } = await transport.call("/v1/tasks/list.r3", schemas, filter);
      return tasks.map(decodeTask);
    },
    async taskByGuid(taskGuid) {
      const schemas = { request: task.TaskByGuidRequestSchema, response: task.TaskResponseSchema };
      const path = "/v1/tasks/get_by_task_guid.r3";
      const found = await unlessNotFound(transport.call(path, schemas, { taskGuid }));
      return found?.task === undefined ? undefined : decodeTask(found.task);
    },
    async startTask(taskGuid, cellId) {
      const schemas = {
        request: task.StartTaskRequestSchema,
        response: task.StartTaskResponseSchema,
      };
      const body = { taskGuid, cellId };
      const { shouldStart } = await transport.call("/v1/tasks/start", schemas, body);
      return { shouldStart };
    },
    async completeTask(completion) {
      const request = task.CompleteTaskRequestSchema;
      await transport.call("/v1/tasks/complete", { request, response }, completion);
    },
    async rejectTask(taskGuid, reason) {
      const request = task.RejectTaskRequestSchema;
      const body = { taskGuid, rejectionReason: reason };
      await transport.call("/v1/tasks/reject", { request, response }, body);
    },
    async cancelTask(taskGuid) {
      const request = task.TaskGuidRequestSchema;
      await transport.call("/v1/tasks/cancel", { request, response }, { taskGuid });
    },
  } satisfies Partial<BbsClient>;
}

function desiredLrpCalls(transport: BbsTransport) {
  const response = desired.DesiredLRPLifecycleResponseSchema;
  return {
    async desireLrp(lrp) {
      const request = desired.DesireLRPRequestSchema;
      const body = { desiredLrp: encodeDesiredLrpRequest(lrp) };
      await transport.call("/v1/desired_lrp/desire.r2", { request, response }, body);
    },
    async updateDesiredLrp(processGuid, update) {
      const request = desired.UpdateDesiredLRPRequestSchema;
      const body = { processGuid, update: encodeDesiredLrpUpdate(update) };
      await transport.call("/v1/desired_lrp/update", { request, response }, body);
    },
    async removeDesiredLrp(processGuid) {
      const request = desired.RemoveDesiredLRPRequestSchema;
      await transport.call("/v1/desired_lrp/remove", { request, response }, { processGuid });
    },
    async desiredLrps(filter = {}) {
      const schemas = {
        request: desired.DesiredLRPsRequestSchema,
        response: desired.DesiredLRPsResponseSchema,
      };
      const body = desiredLrpFilter(filter);
      const { desiredLrps } = await transport.call("/v1/desired_lrps/list.r3", schemas, body);
      return desiredLrps.map(decodeDesiredLrp);
    },
    async desiredLrpByProcessGuid(processGuid) {
      const schemas = {
        request: desired.DesiredLRPByProcessGuidRequestSchema,
        response: desired.DesiredLRPResponseSchema,
      };
      const path = "/v1/desired_lrps/get_by_process_guid.r3";
      const found = await unlessNotFound(transport.call(path, schemas, { processGuid }));
      return found?.desiredLrp === undefined ? undefined : decodeDesiredLrp(found.desiredLrp);
    },
    async desiredLrpSchedulingInfos(filter = {}) {
      const schemas = {
        request: desired.DesiredLRPsRequestSchema,
        response: desired.DesiredLRPSchedulingInfosResponseSchema,
      };
      const path = "/v1/desired_lrp_scheduling_infos/list";
      const answer = await transport.call(path, schemas, desiredLrpFilter(filter));
      return answer.desiredLrpSchedulingInfos.map(decodeSchedulingInfo);
    },
  } satisfies Partial<BbsClient>;
}

function desiredLrpFilter(filter: {
  readonly domain?: string;
  readonly processGuids?: readonly string[];
}) {
  return { domain: filter.domain ?? "", processGuids: [...(filter.processGuids ?? [])] };
}

function actualLrpReads(transport: BbsTransport) {
  const response = actual.ActualLRPsResponseSchema;
  return {
    async actualLrps(filter = {}) {
      const request = actual.ActualLRPsRequestSchema;
      const path = "/v1/actual_lrps/list";
      const { actualLrps } = await transport.call(path, { request, response }, filter);
      return actualLrps.map(decodeActualLrp);
    },
    async actualLrpsByProcessGuids(processGuids) {
      const request = actual.ActualLRPsByProcessGuidsRequestSchema;
      const path = "/v1/actual_lrps/list_by_process_guids";
      const body = { processGuids: [...processGuids] };
      const { actualLrps } = await transport.call(path, { request, response }, body);
      return actualLrps.map(decodeActualLrp);
    },
    async actualLrpStates(processGuids) {
      const schemas = {
        request: actual.ActualLRPsByProcessGuidsRequestSchema,
        response: actual.ActualLRPStatesResponseSchema,
      };
      const path = "/v1/actual_lrps/states_by_process_guids";
      const answer = await transport.call(path, schemas, { processGuids: [...processGuids] });
      return decodeActualLrpStates(answer, processGuids);
    },
  } satisfies Partial<BbsClient>;
}

function actualLrpReports(transport: BbsTransport) {
  const response = actual.ActualLRPLifecycleResponseSchema;
  return {
    async claimActualLrp({ processGuid, index }, instanceKey) {
      const request = actual.ClaimActualLRPRequestSchema;
      const body = { processGuid, index, actualLrpInstanceKey: instanceKey };
      await transport.call("/v1/actual_lrps/claim", { request, response }, body);
    },
    async startActualLrp({ key, instanceKey, netInfo, metricTags, routable }) {
      const request = actual.StartActualLRPRequestSchema;
      const body = {
        actualLrpKey: key,
        actualLrpInstanceKey: instanceKey,
        actualLrpNetInfo: encodeNetInfo(netInfo),
        metricTags: { ...metricTags },
        routable,
      };
      await transport.call("/v1/actual_lrps/start.r1", { request, response }, body);
    },
    async crashActualLrp(key, instanceKey, reason) {
      const request = actual.CrashActualLRPRequestSchema;
      const body = { actualLrpKey: key, actualLrpInstanceKey: instanceKey, errorMessage: reason };
      await transport.call("/v1/actual_lrps/crash", { request, response }, body);
    },
    async failActualLrp(key, placementError) {
      const request = actual.FailActualLRPRequestSchema;
      const body = { actualLrpKey: key, errorMessage: placementError };
      await transport.call("/v1/actual_lrps/fail", { request, response }, body);
    },
    async removeActualLrp({ processGuid, index }, instanceKey) {
      const request = actual.RemoveActualLRPRequestSchema;
      const body = { processGuid, index, actualLrpInstanceKey: instanceKey };
      await transport.call("/v1/actual_lrps/remove", { request, response }, body);
    },
    async retireActualLrp(key) {
      const request = actual.RetireActualLRPRequestSchema;
      const body = { actualLrpKey: key };
      await transport.call("/v1/actual_lrps/retire", { request, response }, body);
    },
  } satisfies Partial<BbsClient>;
}

function subscriptions(transport: BbsTransport) {
  const everyCell = toBinary(EventsByCellIdSchema, create(EventsByCellIdSchema));
  return {
    async subscribeToLrpEvents(signal) {
      const path = "/v1/events/lrp_instances.r1";
      return decodedEvents(await transport.events(path, everyCell, signal), decodeLrpEvent);
    },
    async subscribeToTaskEvents(signal) {
      const path = "/v1/events/tasks.r1";
      return decodedEvents(await transport.events(path, everyCell, signal), decodeTaskEvent);
    },
  } satisfies Partial<BbsClient>;
}

async function* decodedEvents<Event>(
  events: AsyncIterable<ServerSentEvent>,
  decode: (name: string, data: Uint8Array) => Event | undefined,
): AsyncGenerator<Event> {
  for await (const { name, data } of events) {
    const event = decode(name, Buffer.from(data, "base64"));
    if (event !== undefined) yield event;
  }
}

async function unlessNotFound<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof BbsError && error.type === "ResourceNotFound") return undefined;
    throw error;
  }
}
