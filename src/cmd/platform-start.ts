import type { Clock } from "#kernel/clock/clock.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { HeldPorts } from "./held-ports.ts";
import type { HostSettings } from "./host-settings.ts";
import type { PlatformConfig } from "./platform-config.ts";
import type { PlatformDatabases } from "./platform-databases.ts";
import { internalSource, type MetricsSource } from "./platform-metrics.ts";
import type { PlatformPaths } from "./platform-paths.ts";
import type { PlatformState } from "./platform-state.ts";

export interface PlatformDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line for the person who starts the platform. */
  readonly say: (line: string) => void;
  /** Asks for the end of a platform that must not go on. */
  readonly stop: (why: Error) => void;
}

/** What one start of the platform settles before its parts start. */
export interface PlatformStart {
  readonly config: PlatformConfig;
  readonly dependencies: PlatformDependencies;
  readonly paths: PlatformPaths;
  readonly state: PlatformState;
  /** Each held until the part that listens there starts. */
  readonly ports: HeldPorts;
  readonly secret: InternalSecret;
  readonly host: HostSettings;
  readonly api: string;
  readonly databases: PlatformDatabases;
  readonly starting: AsyncDisposableStack;
  /** Of the components that have started so far. */
  readonly metrics: MetricsSource[];
}

/** Adds the `/metrics` of an internal listener to those that are shown together. */
export function meter(start: PlatformStart, name: string, url: string): void {
  const { clock } = start.dependencies;
  start.metrics.push(internalSource(name, url, { clock, secret: start.secret }));
}
