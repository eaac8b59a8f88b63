import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import type { BlobServer } from "./blob-server.ts";
import type { BuildCaches } from "./build-caches.ts";
import type { ContainerRuns } from "./container-runs.ts";
import type { LineSink, OnLine } from "./line-sink.ts";
import type { PackedFolders } from "./packed-folders.ts";
import type { Surroundings } from "./staging-task.ts";

/** What staging and running share while a workbench is open. */
export interface WorkbenchParts {
  readonly clock: Clock;
  readonly guids: GuidSource;
  readonly blobs: BlobServer;
  readonly caches: BuildCaches;
  readonly packed: PackedFolders;
  readonly lines: LineSink;
  readonly runs: ContainerRuns;
  /** Gone when the workbench is closed. */
  readonly workDirectory: string;
  readonly surroundings: Surroundings;
  readonly stacks: readonly string[];
}

export interface Watching {
  /** Ends what is watched. */
  readonly signal: AbortSignal;
  /** Each line of the container's log, in order. */
  readonly onLine: OnLine;
}
