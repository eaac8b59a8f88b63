import type { Selectable } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface SecurityGroupTable extends RecordColumns {
  readonly name: string;
  /** JSON array as the API shows it. */
  readonly rules: string;
  readonly runningDefault: StoredBoolean;
  readonly stagingDefault: StoredBoolean;
}

export type SecurityGroup = Selectable<SecurityGroupTable>;

/** For what in a space a group holds. */
export type Phase = "running" | "staging";

export interface SecurityGroupBindingTable {
  readonly securityGroupGuid: string;
  readonly spaceGuid: string;
  readonly phase: Phase;
}
