import type { Generated, Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface OrganizationTable extends RecordColumns {
  readonly name: string;
  readonly suspended: StoredBoolean;
  readonly quotaGuid: string;
  /** A job is taking it away. */
  readonly deleting: Generated<StoredBoolean>;
}

export type Organization = Selectable<OrganizationTable>;
