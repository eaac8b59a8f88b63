import type { Generated, Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface OrganizationTable extends RecordColumns {
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
  readonly suspended: StoredBoolean;
  readonly quotaGuid: string;
  /** Of spaces that have none of their own; null: the shared one. */
  readonly defaultIsolationSegmentGuid: Generated<string | null>;
  /** A job is taking it away. */
  readonly deleting: Generated<StoredBoolean>;
}

export type Organization = Selectable<OrganizationTable>;
