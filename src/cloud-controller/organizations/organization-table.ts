import type { Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface OrganizationTable extends RecordColumns {
  readonly name: string;
  readonly suspended: StoredBoolean;
  readonly quotaGuid: string;
}

export type Organization = Selectable<OrganizationTable>;
