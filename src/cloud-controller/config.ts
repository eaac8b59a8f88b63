import type { DatabaseConfig } from "#db/database-config.ts";
import type { InternalSecret } from "#kernel/http/internal-auth.ts";
import type { BodyPace } from "./http/body-pace.ts";
import type { RateLimits } from "./http/rate-limit.ts";
import type { CleanUpConfig } from "./clean-up/clean-up-config.ts";
import type { StagingConfig } from "./staging/staging-config.ts";

/** Plain data; `cmd` makes it. Sizes in MB as Cloud Foundry means them (1024 based), times in ms or as named. */
export interface CloudControllerConfig {
  readonly database: DatabaseConfig;
  /** By which clients reach the API: scheme, host, port, no path. */
  readonly externalUrl: string;
  /** With its path, `http://127.0.0.1:PORT/uaa`; clients and we use it. */
  readonly uaaUrl: string;
  /** Only scheme, host and port of it are used by the official client. */
  readonly logCacheUrl: string;
  /** The first shared domain, made at first start. */
  readonly appsDomain: string;
  /** Port of the router, told in links for people; undefined where it is the scheme's own. */
  readonly routerPort?: number;
  /** Port of the internal listener on 127.0.0.1; 0: free. */
  readonly internalPort: number;
  /** Tells this process from others on the same database, the same from start to start; not needed where it is alone. */
  readonly processName?: string;
  readonly secret: InternalSecret;
  /** Default: the original's production values. */
  readonly cleanUp?: CleanUpConfig;
  readonly defaultStack: string;
  readonly limits: CloudControllerLimits;
  /** Undefined: requests are not limited, as in the original's defaults. */
  readonly rateLimits?: RateLimits;
  /** Default: `defaultBodyPace`. */
  readonly bodyPace?: BodyPace;
  readonly staging: StagingConfig;
  /** Of an OpenTelemetry collector that is sent the timeline of each build; undefined: none. */
  readonly otlpEndpoint?: string;
  /** How long a poll is held until something changes; 0: not at all. */
  readonly longPollMs: number;
  /** How long after the start the path of a match is warmed up, once; undefined: not at all. */
  readonly warmUpAfterMs?: number;
  /** Whether one rule of a security group may name several destinations; off as in the original. */
  readonly commaDelimitedDestinations?: boolean;
  /** Where Cloud Controller looks up users by name in UAA; without it only those it has seen are found. */
  readonly uaaClient?: { readonly id: string; readonly secret: string };
}

/** As which a process holds what it works on. */
export function holderOf(config: Pick<CloudControllerConfig, "processName">): string {
  return config.processName ?? "cloud-controller";
}

export interface CloudControllerLimits {
  readonly defaultMemoryInMb: number;
  readonly defaultDiskInMb: number;
  readonly maximumDiskInMb: number;
  readonly defaultLogRateLimitInBytesPerSecond: number;
  readonly maximumHealthCheckTimeoutInSeconds: number;
  /** Processes and routes of named spaces or apps on a page where `per_page` is not given; 50 as in the original. */
  readonly narrowedPageSize: number;
  /** Whether apps are held to the buildpacks that an administrator has added. */
  readonly customBuildpacksDisabled: boolean;
}

/** capi-release's production values; the pages are ours (docs/known-differences.md, "Lists"). */
export const defaultLimits: CloudControllerLimits = {
  defaultMemoryInMb: 1024,
  defaultDiskInMb: 1024,
  maximumDiskInMb: 2048,
  defaultLogRateLimitInBytesPerSecond: -1,
  maximumHealthCheckTimeoutInSeconds: 180,
  narrowedPageSize: 1_000,
  customBuildpacksDisabled: false,
};
