import type { RecordColumns } from "../database/record.ts";

export interface EnvironmentVariableGroupTable extends RecordColumns {
  readonly name: "running" | "staging";
  /** JSON object of strings. */
  readonly variables: string;
  /** JSON object of strings: what the host gave at the last start, for the staging group. */
  readonly hostVariables: string;
}
