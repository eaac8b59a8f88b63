import type { EnvironmentVariable } from "#diego/models/action.ts";
import type { SecurityGroupRule } from "#diego/models/container-definition.ts";
import { preloadedRootFs } from "#diego/models/root-fs.ts";
import type { TaskDefinition } from "#diego/models/task.ts";
import type { App } from "../apps/app-table.ts";
import { cpuWeight } from "../running/desired-lrp.ts";
import { appMetricTags, type AppPlace } from "../running/vcap-application.ts";
import {
  lifecycleDependency,
  trustedSystemCertificatesPath,
  type Fetchable,
} from "../staging/task-definition.ts";
import type { Task } from "./task-table.ts";

export const taskDomain = "cf-tasks";

const defaultUser = "vcap";

/** All that goes into an app's task. */
export interface TaskFacts {
  readonly task: Task;
  readonly app: Pick<App, "guid" | "name">;
  readonly place: AppPlace;
  readonly stack: string;
  /** Names; undefined for all that the cell has. */
  readonly toolchains: readonly string[] | undefined;
  readonly droplet: Fetchable;
  readonly lifecycle: { readonly url: string; readonly key: string };
  readonly environment: readonly EnvironmentVariable[];
  readonly egressRules: readonly SecurityGroupRule[];
  readonly placementTags: readonly string[];
  readonly pidLimit: number;
  readonly fileDescriptors: number;
  readonly completionCallbackUrl: string;
}

/**
 * The task as the original hands it to Diego (task_recipe_builder.rb, buildpack/task_action_builder.rb), but for two
 * things: the download has a cache key, so that a cell that runs the app takes the droplet that it has unpacked
 * already; and the command has the open files that VCAP_APPLICATION tells it of.
 */
export function appTaskDefinition(facts: TaskFacts): TaskDefinition {
  const { task, app, environment } = facts;
  return {
    rootFs: preloadedRootFs(facts),
    environmentVariables: environment,
    memoryMb: task.memoryInMb,
    diskMb: task.diskInMb,
    cpuWeight: cpuWeight(task.memoryInMb),
    privileged: false,
    logSource: "CELL",
    logGuid: app.guid,
    metricsGuid: "",
    cachedDependencies: [lifecycleDependency(facts.stack, facts.lifecycle)],
    legacyDownloadUser: defaultUser,
    trustedSystemCertificatesPath,
    egressRules: facts.egressRules,
    placementTags: facts.placementTags,
    maxPids: facts.pidLimit,
    logRateLimitBytesPerSecond: task.logRateLimitInBytesPerSecond,
    metricTags: appMetricTags(app, facts.place),
    annotation: "",
    action: {
      kind: "serial",
      logSource: "",
      actions: [
        {
          kind: "download",
          artifact: "",
          from: facts.droplet.url,
          to: ".",
          cacheKey: `droplets-${task.dropletGuid}`,
          logSource: "",
          user: defaultUser,
          checksum: { algorithm: "sha256", value: facts.droplet.sha256 },
        },
        {
          kind: "run",
          path: "/tmp/lifecycle/launcher",
          args: ["app", task.command, ""],
          dir: "",
          env: environment,
          nofile: facts.fileDescriptors,
          user: task.user ?? defaultUser,
          logSource: `APP/TASK/${task.name}`,
          suppressLogOutput: false,
        },
      ],
    },
    resultFile: "",
    completionCallbackUrl: facts.completionCallbackUrl,
  };
}
