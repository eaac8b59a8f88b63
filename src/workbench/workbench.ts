import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { ContainerOutcome } from "#diego/cell/executor/container.ts";
import type { ContainerRuntime } from "#diego/cell/runtime/container-runtime.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids, type GuidSource } from "#kernel/guid.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { startBlobServer } from "./blob-server.ts";
import { BuildCaches } from "./build-caches.ts";
import { ContainerRuns } from "./container-runs.ts";
import { LineSink } from "./line-sink.ts";
import { PackedFolders } from "./packed-folders.ts";
import { runDroplet, type RunDropletRequest, type WatchingRun } from "./run-droplet.ts";
import { contentOf, stageApp, type StageRequest } from "./stage-app.ts";
import type { StagingReport } from "./staging-report.ts";
import type { Watching } from "./workbench-parts.ts";

export interface WorkbenchConfig {
  /** Of this workbench alone while it is open; what is kept for the next time is in it, too. */
  readonly directory: string;
  /** What several workbenches share: packed folders, build caches. */
  readonly sharedDirectory: string;
  readonly capacity: {
    readonly memoryMb: number;
    readonly diskMb: number;
    readonly containers: number;
  };
  /** Builder, launcher and health check as a tgz. */
  readonly lifecycleBundle: { readonly path: string; readonly key: string };
  readonly lang: string;
  readonly stagingEnvironment: Readonly<Record<string, string>>;
}

export interface WorkbenchDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly guids?: GuidSource;
}

/** Stages folders and runs droplets in containers of this machine, as a cell does, without a platform around it. */
export interface Workbench extends AsyncDisposable {
  /** Changes with what a staging would be made of. */
  contentOf(request: StageRequest, signal: AbortSignal): Promise<string>;
  stage(request: StageRequest, watching: Watching): Promise<StagingReport>;
  run(request: RunDropletRequest, watching: WatchingRun): Promise<ContainerOutcome>;
}

const cacheBytes = 4 * 1024 ** 3;

export async function openWorkbench(
  config: WorkbenchConfig,
  { clock, logger, runtime, guids = randomGuids }: WorkbenchDependencies,
): Promise<Workbench> {
  const workDirectory = path.join(config.directory, "work");
  await rm(workDirectory, { recursive: true, force: true });
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await using opening = new AsyncDisposableStack();
  opening.defer(async () => await rm(workDirectory, { recursive: true, force: true }));
  const blobs = opening.use(await startBlobServer());
  const lines = new LineSink();
  const runs = opening.use(
    await ContainerRuns.open(
      {
        cellId: "workbench",
        capacity: config.capacity,
        directory: path.join(config.directory, "executor"),
        cacheBytes,
        drainMs: 0,
      },
      { clock, logger, runtime, guids, logs: lines },
    ),
  );
  const parts = {
    clock,
    guids,
    blobs,
    lines,
    runs,
    workDirectory,
    caches: new BuildCaches(path.join(config.sharedDirectory, "build-caches")),
    packed: new PackedFolders({ directory: path.join(config.sharedDirectory, "packed"), clock }),
    surroundings: {
      lifecycle: { url: blobs.serve(config.lifecycleBundle.path), key: config.lifecycleBundle.key },
      lang: config.lang,
      stagingEnvironment: config.stagingEnvironment,
    },
    stacks: runtime.description.stacks,
  };
  const open = opening.move();
  return {
    contentOf: async (request, signal) => await contentOf(parts, request, signal),
    stage: async (request, watching) => await stageApp(parts, request, watching),
    run: async (request, watching) => await runDroplet(parts, request, watching),
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
}
