import type { ColumnType, Selectable } from "kysely";
import type { RecordColumns } from "../database/record.ts";

/**
 * AWAITING_UPLOAD -> PROCESSING_UPLOAD -> READY | FAILED; a copy starts as COPYING; a docker package is READY at once.
 * READY and FAILED become EXPIRED once newer ones push them out.
 */
type PackageState =
  | "AWAITING_UPLOAD"
  | "PROCESSING_UPLOAD"
  | "COPYING"
  | "READY"
  | "FAILED"
  | "EXPIRED";

export interface PackageTable extends RecordColumns {
  readonly appGuid: string;
  readonly type: "bits" | "docker";
  readonly state: PackageState;
  /** Hex, of the stored zip. */
  readonly sha256: string | null;
  /** Of its entries and their contents (`zip/content-key.ts`); null where it is small, or was made before that was kept. */
  readonly contentKey: ColumnType<string | null, string | null | undefined>;
  readonly error: string | null;
  readonly image: string | null;
  readonly username: string | null;
  readonly password: string | null;
  /** Guid of the package that this one copies. */
  readonly copiedFrom: string | null;
  /** The process that makes it, and when that last said that it is alive (`package-leases.ts`). */
  readonly processedBy: ColumnType<string | null, string | null | undefined>;
  readonly processedAt: ColumnType<string | null, string | null | undefined>;
}

export type Package = Selectable<PackageTable>;

/** Of long polls. */
export function packageKey(guid: string): string {
  return `package:${guid}`;
}
