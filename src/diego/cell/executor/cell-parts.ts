import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { LogIngest } from "#log-cache/client.ts";
import type { ContainerRuntime } from "../runtime/container-runtime.ts";
import type { DependencyStore } from "./downloads/dependency-store.ts";
import type { Downloader } from "./downloads/downloader.ts";
import type { Uploader } from "./downloads/uploader.ts";

/** What the containers of a cell share. */
export interface CellParts {
  readonly cellId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guids: GuidSource;
  readonly runtime: ContainerRuntime;
  readonly logs: LogIngest;
  readonly downloader: Downloader;
  readonly uploader: Uploader;
  readonly dependencies: DependencyStore;
  readonly gracefulShutdownMs: number;
  readonly drainMs: number;
  /** Whether a container that has failed may be kept. */
  readonly keepsFailed: boolean;
  /** Resolves once kept containers that give way to others are gone. */
  roomMade(): Promise<void>;
}
