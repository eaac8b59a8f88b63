import { stagingVariables } from "#cloud-controller/staging/environment.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import {
  stagingTaskDefinition,
  type Fetchable,
  type StagingBuildpack,
} from "#cloud-controller/staging/task-definition.ts";
import type { TaskDefinition } from "#diego/models/task.ts";
import {
  workbenchApp,
  workbenchEgress,
  workbenchPlace,
  workbenchVcapApplication,
} from "./workbench-app.ts";

/** What all containers of a workbench are given. */
export interface Surroundings {
  readonly lifecycle: { readonly url: string; readonly key: string };
  readonly lang: string;
  /** Variables of the host (proxies, CA bundle) for every staging: a platform's staging group. */
  readonly stagingEnvironment: Readonly<Record<string, string>>;
}

export interface StagingTaskFacts {
  readonly taskGuid: string;
  readonly appName: string;
  readonly surroundings: Surroundings;
  readonly stack: string;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly buildpacks: readonly StagingBuildpack[];
  readonly detect: boolean;
  /** Those that the buildpacks' manifests, or the environment, ask for. */
  readonly toolchains: readonly string[];
  readonly package: Fetchable;
  readonly buildpackCache: Fetchable | undefined;
  readonly urls: {
    readonly droplet: string;
    readonly cache: string;
    readonly observation: string;
  };
}

/** The task that Cloud Controller would desire for such an app, field by field. */
export function stagingTask(facts: StagingTaskFacts): TaskDefinition {
  const app = workbenchApp(facts.appName);
  const { surroundings, urls } = facts;
  const definition = stagingTaskDefinition({
    buildGuid: facts.taskGuid,
    app,
    place: workbenchPlace,
    stack: facts.stack,
    // All: a buildpack that is being written here has nobody who has read its manifest.
    toolchains: facts.toolchains,
    memoryInMb: facts.memoryInMb,
    diskInMb: facts.diskInMb,
    logRateLimitBytesPerSecond: -1,
    timeoutMs: facts.timeoutMs,
    pidLimit: defaultStagingLimits.pidLimit,
    lang: surroundings.lang,
    fileDescriptors: defaultStagingLimits.fileDescriptors,
    lifecycle: surroundings.lifecycle,
    buildpacks: facts.buildpacks,
    skipDetect: !facts.detect,
    package: facts.package,
    buildpackCache: facts.buildpackCache,
    dropletUploadUrl: urls.droplet,
    buildpackCacheUploadUrl: urls.cache,
    completionCallbackUrl: "",
    observation: { url: urls.observation, closingLine: "" },
    environment: stagingVariables({
      group: surroundings.stagingEnvironment,
      app: facts.environment,
      build: {},
      stack: facts.stack,
      application: workbenchVcapApplication(app, facts),
      memoryInMb: facts.memoryInMb,
    }),
    egressRules: workbenchEgress,
    placementTags: [],
  });
  // A source of its own: the end of one staging's log is not taken for the beginning of the next one's.
  return { ...definition, logGuid: facts.taskGuid };
}
