import type { Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface BuildpackTable extends RecordColumns {
  readonly name: string;
  /** Null: for every stack. */
  readonly stack: string | null;
  readonly lifecycle: "buildpack" | "cnb";
  /** Counts from 1 in the list of a lifecycle: the order of detection. */
  readonly position: number;
  readonly enabled: StoredBoolean;
  readonly locked: StoredBoolean;
  /** Of the upload; null while there are no bits. */
  readonly filename: string | null;
  /** Hex, of the stored zip. */
  readonly sha256: string | null;
  /** Of the bits where they are those that Rivera ships; null once an operator has uploaded others. */
  readonly shippedSha256: string | null;
  /** JSON array of the toolchains that its manifest asks for; null: none. */
  readonly toolchains: string | null;
}

export type Buildpack = Selectable<BuildpackTable>;

/** The name of its bits in the blobstore, in the builder's arguments and, hashed, of its folder in the container. */
export function buildpackKey(buildpack: {
  readonly guid: string;
  readonly sha256: string | null;
}): string {
  return `${buildpack.guid}_${buildpack.sha256 ?? ""}`;
}

/** Of the buildpack whose key it is, or was; of a custom buildpack's key something that is no guid. */
export function buildpackGuid(key: string): string {
  return key.split("_")[0] ?? "";
}
