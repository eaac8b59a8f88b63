import type { Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface SpaceTable extends RecordColumns {
  readonly name: string;
  readonly organizationGuid: string;
  readonly allowSsh: StoredBoolean;
}

export type Space = Selectable<SpaceTable>;
