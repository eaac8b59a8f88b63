import type { RecordColumns, StoredBoolean } from "../database/record.ts";

/** Only flags that an operator has set have a row. */
export interface FeatureFlagTable extends RecordColumns {
  readonly name: string;
  readonly enabled: StoredBoolean;
  readonly customErrorMessage: string | null;
}
