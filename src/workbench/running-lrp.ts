import type { DropletSidecar } from "#cli/droplets/droplet-contents.ts";
import { desiredLrpFor } from "#cloud-controller/running/desired-lrp.ts";
import { sidecarMemoryInMb } from "#cloud-controller/sidecars/sidecar-memory.ts";
import { runningVariables } from "#cloud-controller/staging/environment.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import type { Fetchable } from "#cloud-controller/staging/task-definition.ts";
import type { DesiredLrpRequest } from "#diego/models/desired-lrp.ts";
import type { Surroundings } from "./staging-task.ts";
import {
  guidOf,
  workbenchApp,
  workbenchEgress,
  workbenchPlace,
  workbenchVcapApplication,
} from "./workbench-app.ts";

export interface RunningLrpFacts {
  readonly appName: string;
  readonly processType: string;
  readonly command: string;
  /** Of this run; the log has it. */
  readonly instanceGuid: string;
  readonly surroundings: Surroundings;
  readonly stack: string;
  /** Of the instance, its sidecars with it. */
  readonly memoryInMb: number;
  readonly diskInMb: number;
  /** Those that run beside this process type. */
  readonly sidecars: readonly DropletSidecar[];
  readonly environment: Readonly<Record<string, string>>;
  readonly droplet: Fetchable;
  /** `host:port` at which it is reached, for VCAP_APPLICATION. */
  readonly uris: readonly string[];
}

const defaultCheck = {
  type: "port",
  invocationTimeout: null,
  interval: null,
  endpoint: null,
} as const;
const noTime = "1970-01-01T00:00:00Z";

/** The LRP that Cloud Controller would desire for one instance of such a process, field by field. */
export function runningLrp(facts: RunningLrpFacts): DesiredLrpRequest {
  const app = workbenchApp(facts.appName);
  const type = facts.processType;
  const guid = guidOf(`process ${type} of ${facts.appName}`);
  const { memoryInMb, diskInMb, surroundings } = facts;
  const checkType = type === "web" ? "port" : "process";
  const environment = (ofMemoryInMb: number) =>
    runningVariables({
      group: {},
      app: facts.environment,
      application: workbenchVcapApplication(app, {
        ...facts,
        memoryInMb: ofMemoryInMb,
        process: { guid, type },
      }),
      memoryInMb: ofMemoryInMb,
    });
  const desired = desiredLrpFor({
    process: {
      id: 0,
      guid,
      createdAt: noTime,
      updatedAt: noTime,
      appGuid: app.guid,
      type,
      state: "STARTED",
      version: facts.instanceGuid,
      command: facts.command,
      user: null,
      instances: 1,
      memoryInMb,
      diskInMb,
      logRateLimitInBytesPerSecond: -1,
      healthCheck: { ...defaultCheck, type: checkType, timeout: null },
      readinessHealthCheck: { ...defaultCheck, type: "process" },
      revisionGuid: null,
    },
    app,
    place: workbenchPlace,
    stack: facts.stack,
    // A droplet's file does not name those that its buildpacks asked for: it gets all.
    toolchains: undefined,
    startCommand: facts.command,
    executionMetadata: "",
    droplet: facts.droplet,
    lifecycle: surroundings.lifecycle,
    routes: [],
    sidecars: facts.sidecars.map((sidecar) => ({
      name: sidecar.name,
      command: sidecar.command,
      environment: environment(sidecar.memoryInMb ?? memoryInMb),
    })),
    environment: environment(memoryInMb - sidecarMemoryInMb(facts.sidecars, type)),
    egressRules: workbenchEgress,
    placementTags: [],
    pidLimit: defaultStagingLimits.pidLimit,
    lang: surroundings.lang,
    fileDescriptors: defaultStagingLimits.fileDescriptors,
  });
  return { ...desired, logGuid: facts.instanceGuid };
}
