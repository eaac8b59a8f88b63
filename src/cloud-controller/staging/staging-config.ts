import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";

/** What packages, staging and running need to know; `cmd` makes it. */
export interface StagingConfig {
  /** Where uploads are received and packages made; best on the file system of the blobs, swept at start. */
  readonly workDirectory: string;
  /** What uploads and the making of packages must leave free on the disk of it; default 0. */
  readonly minimumFreeBytes?: number;
  /**
   * Where files are handed to and taken from cells of this machine, a folder of its own on the file system of the blobs
   * (`kernel/http/file-handover.ts`); undefined: all content goes through connections.
   */
  readonly handoverDirectory?: string;
  /** Whether cells are asked to tell what happens in a staging; default true. */
  readonly isObserved?: boolean;
  /** Builder, launcher and health check as a tgz, unpacked at `/tmp/lifecycle`; `key` changes with its content. */
  readonly lifecycleBundle: { readonly path: string; readonly key: string };
  /** Holds a folder for each buildpack that Rivera ships; undefined: none are installed. */
  readonly shippedBuildpacksDirectory: string | undefined;
  /** Signs the URLs under which cells fetch and put blobs. To be kept: those of running droplets do not expire. */
  readonly signingSecret: string;
  /** Variables of the host (proxies, CA bundle) for every staging: put into the staging group at each start. */
  readonly stagingEnvironment: Readonly<Record<string, string>>;
  /** LANG of every container: en_US.UTF-8 as in the original, C.UTF-8 where the stack lacks that locale. */
  readonly lang: string;
  readonly limits: StagingLimits;
  /** What differs from the defaults. */
  readonly resourceCache?: Partial<ResourceCacheConfig>;
  /** Milliseconds between two rounds of syncing with the BBS. */
  readonly syncIntervalMs: number;
  /** How long cells are asked to keep the container of a staging that has failed; default 0, not at all. */
  readonly keepFailedMs?: number;
  /** Of the dashboard, with a slash at the end; undefined where none is served. */
  readonly dashboardUrl?: string;
}

export interface StagingLimits {
  readonly stagingTimeoutMs: number;
  readonly minimumStagingMemoryInMb: number;
  readonly minimumStagingDiskInMb: number;
  /** Processes in a container. */
  readonly pidLimit: number;
  /** Open files of a process. */
  readonly fileDescriptors: number;
  /** Bytes of a package once unpacked. */
  readonly maximumPackageBytes: number;
  /** Bytes of one upload as it comes. */
  readonly maximumUploadBytes: number;
  readonly maximumPackageEntries: number;
  /** Larger files are never matched. */
  readonly maximumResourceBytes: number;
  /** READY and FAILED packages that an app keeps beside the current one; droplets likewise. */
  readonly packagesKept: number;
  readonly dropletsKept: number;
}

/** capi-release's production values; there a file of more than half a package is never matched. */
export const defaultStagingLimits: StagingLimits = {
  stagingTimeoutMs: 900_000,
  minimumStagingMemoryInMb: 1024,
  minimumStagingDiskInMb: 4096,
  pidLimit: 1024,
  fileDescriptors: 16_384,
  maximumPackageBytes: 1024 ** 3,
  maximumUploadBytes: 2 * 1024 ** 3,
  maximumPackageEntries: 1_000_000,
  maximumResourceBytes: 1024 ** 3,
  packagesKept: 5,
  dropletsKept: 5,
};
