import type { Selectable } from "kysely";

/**
 * A file that the platform has: where its compressed bytes lie in a pack. Kept for each organization that uploaded it,
 * so that nobody learns from a match what another organization has.
 */
export interface ResourceTable {
  /** Hex, of the content. */
  readonly sha1: string;
  readonly organizationGuid: string;
  readonly size: number;
  /** The package whose upload made the pack. */
  readonly packGuid: string;
  readonly offset: number;
  readonly compressedSize: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  readonly createdAt: string;
}

export type Resource = Selectable<ResourceTable>;
