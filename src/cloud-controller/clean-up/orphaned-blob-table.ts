import type { RecordColumns } from "../database/record.ts";

/** A blob that no row named when it was last looked for. */
export interface OrphanedBlobTable extends RecordColumns {
  readonly bucket: string;
  readonly path: string;
  /** In how many scans; at the third it is deleted. */
  readonly dirtyCount: number;
}
