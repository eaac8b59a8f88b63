import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface DomainTable extends RecordColumns {
  readonly name: string;
  readonly internal: StoredBoolean;
  /** The owner of a private domain; null: shared. */
  readonly organizationGuid: string | null;
}
