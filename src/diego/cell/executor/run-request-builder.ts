import type { RunAction } from "#diego/models/action.ts";
import { desiredLrpRequest } from "#diego/models/model-builders.ts";
import type { Allocation, RunRequest } from "./container.ts";

// Valid requests for tests: each test names what matters to it.

export function runAction(overrides: Partial<RunAction> = {}): RunAction {
  return {
    kind: "run",
    path: "/app",
    args: [],
    dir: "",
    env: [],
    user: "vcap",
    logSource: "APP/PROC/WEB",
    suppressLogOutput: false,
    ...overrides,
  };
}

export function runRequest(overrides: Partial<RunRequest> = {}): RunRequest {
  return {
    definition: desiredLrpRequest(),
    setup: undefined,
    action: runAction(),
    monitor: undefined,
    checkDefinition: undefined,
    startTimeoutMs: 60_000,
    ports: [8080],
    resultFile: "",
    metricTags: {},
    ...overrides,
  };
}

export function lrpAllocation(guid: string, overrides: Partial<Allocation> = {}): Allocation {
  return {
    guid,
    owner: {
      kind: "lrp",
      key: { processGuid: "web-1", index: 0, domain: "cf-apps" },
      instanceGuid: guid,
    },
    memoryMb: 256,
    diskMb: 1024,
    maxPids: 0,
    placementTags: [],
    rootFs: "preloaded:cflinuxfs4",
    ...overrides,
  };
}

export function taskAllocation(taskGuid: string, overrides: Partial<Allocation> = {}): Allocation {
  const owner = { kind: "task" as const, taskGuid, domain: "cf-app-staging" };
  return lrpAllocation(taskGuid, { owner, ...overrides });
}
