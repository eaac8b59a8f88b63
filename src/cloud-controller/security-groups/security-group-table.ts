import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface SecurityGroupTable extends RecordColumns {
  readonly name: string;
  /** JSON array as the API shows it. */
  readonly rules: string;
  readonly runningDefault: StoredBoolean;
  readonly stagingDefault: StoredBoolean;
}
