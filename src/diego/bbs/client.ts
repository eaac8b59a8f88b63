import type {
  ActualLrp,
  ActualLrpInstanceKey,
  ActualLrpKey,
  ActualLrpNetInfo,
} from "#diego/models/actual-lrp.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type {
  DesiredLrp,
  DesiredLrpRequest,
  DesiredLrpSchedulingInfo,
  DesiredLrpUpdate,
} from "#diego/models/desired-lrp.ts";
import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import type { Task, TaskDefinition } from "#diego/models/task.ts";

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

  /** Live events from the moment the first `next()` resolves its subscription; ends when the connection does. */
  subscribeToLrpEvents(signal: AbortSignal): Promise<AsyncIterable<LrpEvent>>;
  subscribeToTaskEvents(signal: AbortSignal): Promise<AsyncIterable<TaskEvent>>;
}
