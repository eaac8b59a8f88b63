import type { RecordColumns } from "../database/record.ts";

export interface EnvironmentVariableGroupTable extends RecordColumns {
  readonly name: "running" | "staging";
  /** JSON object of strings. */
  readonly variables: string;
}
