/** What staging an app leaves for the next staging on that stack. */
export interface BuildpackCacheTable {
  readonly appGuid: string;
  readonly stack: string;
  /** Hex, of the stored tgz. */
  readonly sha256: string;
}
