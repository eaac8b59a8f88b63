import type { Generated, Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface SpaceTable extends RecordColumns {
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
  readonly organizationGuid: string;
  readonly allowSsh: StoredBoolean;
  /** Null: only the organization's quota holds. */
  readonly quotaGuid: Generated<string | null>;
  /** Null: the organization's default. */
  readonly isolationSegmentGuid: Generated<string | null>;
  readonly suspended: Generated<StoredBoolean>;
  /** A job is taking it away. */
  readonly deleting: Generated<StoredBoolean>;
  /** Kept by what makes and deletes apps, in the same transaction (`apps/app-count.ts`). */
  readonly appCount: Generated<number>;
}

export type Space = Selectable<SpaceTable>;
