/** What the resource cache holds, for whom and how long. */
export interface ResourceCacheConfig {
  /**
   * Whose files a caller may match: those that the organizations have uploaded in which he is a developer, or, as
   * Cloud Foundry does, everybody's.
   */
  readonly matching: "organization" | "global";
  /** Compressed bytes of all files; beyond it those go that were used the longest ago. */
  readonly maximumBytes: number;
  /** A file that no package has used for so long goes. */
  readonly expireAfterDays: number;
  /** A pack is closed before it grows beyond. */
  readonly packBytes: number;
  /** A file of so many compressed bytes is a blob of its own. */
  readonly ownBlobBytes: number;
}

export const defaultResourceCache: ResourceCacheConfig = {
  matching: "organization",
  maximumBytes: 10 * 1024 ** 3,
  expireAfterDays: 30,
  packBytes: 16 * 1024 ** 2,
  ownBlobBytes: 4 * 1024 ** 2,
};
