import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface StackTable extends RecordColumns {
  readonly name: string;
  readonly description: string | null;
  readonly state: "ACTIVE" | "RESTRICTED" | "DEPRECATED" | "DISABLED";
  readonly stateReason: string | null;
  readonly isDefault: StoredBoolean;
}
