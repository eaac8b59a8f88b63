import type { Selectable } from "kysely";

/**
 * That an organization has uploaded a file itself: nobody learns from a match what another one has. Two contents of one
 * SHA-1 are two rows, and neither is matched any more.
 */
export interface ResourceTable {
  /** Hex, of the content; the clients' key. */
  readonly sha1: string;
  readonly organizationGuid: string;
  readonly sha256: string;
  readonly size: number;
  /** The time that the file had when it came, as MS-DOS has it: a package of the same files is the same to the byte. */
  readonly modified: number;
}

/** A content that the platform holds, once for all organizations: where its compressed bytes lie. */
export interface ResourceFileTable {
  /** Hex, of the content. */
  readonly sha256: string;
  readonly size: number;
  readonly packGuid: string;
  readonly offset: number;
  readonly compressedSize: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  /** Of the compressed bytes; null where the content came before it was kept. */
  readonly packedCrc32: number | null;
  /** Of the last package that it went into, to the hour. */
  readonly lastUsedAt: string;
}

/**
 * A blob of compressed contents, one after the other; never changed once it is there. WRITING before the blob, so that
 * a crash leaves a row to find it by; SEALED with the first rows that name it; RETIRED once none does, and deleted after
 * a while, for an assembly may still read it.
 */
export interface ResourcePackTable {
  readonly guid: string;
  readonly state: "WRITING" | "SEALED" | "RETIRED";
  /** Bytes of the blob. */
  readonly size: number;
  /** Bytes that rows of `resource_files` name. */
  readonly liveBytes: number;
  /** When the state was entered. */
  readonly changedAt: string;
}

export type Resource = Selectable<ResourceTable>;
export type ResourceFile = Selectable<ResourceFileTable>;
export type ResourcePack = Selectable<ResourcePackTable>;
