import { FakeClock } from "#kernel/clock/fake-clock.ts";
import type { Action } from "./action.ts";
import type {
  ActualLrp,
  ActualLrpInstanceKey,
  ActualLrpNetInfo,
  ClaimedLrp,
  CrashedLrp,
  RunningLrp,
  UnclaimedLrp,
} from "./actual-lrp.ts";
import type { CellPresence } from "./cell-presence.ts";
import type { ContainerDefinition } from "./container-definition.ts";
import type { DesiredLrpRequest } from "./desired-lrp.ts";
import type { Task, TaskDefinition } from "./task.ts";

// Valid models for tests: each test names what matters to it.

/** When a FakeClock starts. */
export const epochStart = new FakeClock().now();

export function runAction(): Action {
  return {
    kind: "run",
    path: "/tmp/lifecycle/launcher",
    args: ["app", "node server.js", ""],
    dir: "",
    env: [{ name: "PORT", value: "8080" }],
    user: "vcap",
    logSource: "APP/PROC/WEB",
    suppressLogOutput: false,
  };
}

function containerDefinition(): ContainerDefinition {
  return {
    rootFs: "preloaded:cflinuxfs4",
    environmentVariables: [{ name: "LANG", value: "en_US.UTF-8" }],
    diskMb: 1024,
    memoryMb: 256,
    cpuWeight: 3,
    privileged: false,
    logSource: "CELL",
    logGuid: "app-guid",
    metricsGuid: "app-guid",
    cachedDependencies: [],
    legacyDownloadUser: "vcap",
    trustedSystemCertificatesPath: "/etc/cf-system-certificates",
    egressRules: [],
    placementTags: [],
    maxPids: 1024,
    logRateLimitBytesPerSecond: -1,
    metricTags: {},
    annotation: "",
  };
}

export function desiredLrpRequest(overrides: Partial<DesiredLrpRequest> = {}): DesiredLrpRequest {
  return {
    ...containerDefinition(),
    processGuid: "web-1",
    domain: "cf-apps",
    instances: 1,
    setup: undefined,
    action: runAction(),
    monitor: undefined,
    checkDefinition: undefined,
    startTimeoutMs: 60_000,
    ports: [8080],
    routes: { "cf-router": '[{"hostnames":["web.apps.localhost"],"port":8080}]' },
    ...overrides,
  };
}

export function taskDefinition(overrides: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    ...containerDefinition(),
    action: runAction(),
    resultFile: "/tmp/result.json",
    completionCallbackUrl: "",
    ...overrides,
  };
}

export function pendingTask(overrides: Partial<Task> = {}): Task {
  return {
    definition: taskDefinition(),
    taskGuid: "task-1",
    domain: "cf-app-staging",
    createdAt: epochStart,
    updatedAt: epochStart,
    firstCompletedAt: undefined,
    state: "PENDING",
    cellId: "",
    result: "",
    failed: false,
    failureReason: "",
    rejectionCount: 0,
    rejectionReason: "",
    ...overrides,
  };
}

export function runningTask(cellId: string, overrides: Partial<Task> = {}): Task {
  return pendingTask({ state: "RUNNING", cellId, ...overrides });
}

export function cellPresence(cellId: string, overrides: Partial<CellPresence> = {}): CellPresence {
  return {
    cellId,
    repUrl: `http://127.0.0.1:1/${cellId}`,
    zone: "z1",
    capacity: { memoryMb: 4096, diskMb: 10_240, containers: 100 },
    preloadedRootFses: ["cflinuxfs4"],
    placementTags: [],
    optionalPlacementTags: [],
    ...overrides,
  };
}

/** The instance `a` of cell `cell-a`, and so on: one name for a pair that belongs together. */
export function instanceOf(name: string): ActualLrpInstanceKey {
  return { instanceGuid: `instance-${name}`, cellId: `cell-${name}` };
}

export function netInfo(): ActualLrpNetInfo {
  return {
    address: "127.0.0.1",
    ports: [{ containerPort: 8080, hostPort: 8080 }],
    instanceAddress: "10.255.0.2",
    preferredAddress: "INSTANCE",
  };
}

type LrpOverrides = Partial<Pick<ActualLrp, "crashCount" | "since" | "presence">> & {
  readonly index?: number;
  readonly processGuid?: string;
};

function base({ index = 0, processGuid = "web-1", ...overrides }: LrpOverrides) {
  return {
    key: { processGuid, index, domain: "cf-apps" },
    crashCount: 0,
    crashReason: "",
    since: epochStart,
    modificationTag: { epoch: "epoch-1", index: 4 },
    presence: "ORDINARY" as const,
    ...overrides,
  };
}

export function unclaimedLrp(overrides: LrpOverrides = {}): UnclaimedLrp {
  return { ...base(overrides), state: "UNCLAIMED", placementError: "" };
}

/** Claimed by the cell that `instanceOf(name)` is on. */
export function claimedBy(name: string, overrides: LrpOverrides = {}): ClaimedLrp {
  return { ...base(overrides), state: "CLAIMED", instanceKey: instanceOf(name) };
}

/** Running on the cell that `instanceOf(name)` is on. */
export function runningOn(name: string, overrides: LrpOverrides = {}): RunningLrp {
  return {
    ...base(overrides),
    state: "RUNNING",
    instanceKey: instanceOf(name),
    netInfo: netInfo(),
    metricTags: { instance_id: String(overrides.index ?? 0) },
    routable: true,
  };
}

export function crashedLrp(overrides: LrpOverrides = {}): CrashedLrp {
  return { ...base({ crashCount: 3, ...overrides }), state: "CRASHED" };
}
