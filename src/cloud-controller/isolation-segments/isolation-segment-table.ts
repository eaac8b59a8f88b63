import type { Selectable } from "kysely";
import type { RecordColumns } from "../database/record.ts";

export interface IsolationSegmentTable extends RecordColumns {
  /** Unique whatever the case; also the placement tag of the segment's cells. */
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
}

export type IsolationSegment = Selectable<IsolationSegmentTable>;

/** An organization may use a segment. */
export interface IsolationSegmentEntitlementTable {
  readonly isolationSegmentGuid: string;
  readonly organizationGuid: string;
}

/** Of the segment whose cells carry no tag; Cloud Controller's constant. */
export const sharedSegmentGuid = "933b4c58-120b-499a-b85d-4b6fc9e2903b";
