import type { RecordColumns } from "../database/record.ts";

export interface OrganizationQuotaTable extends RecordColumns {
  readonly name: string;
  /** JSON of the four groups `apps`, `services`, `routes`, `domains` as the API shows them; null is unlimited. */
  readonly limits: string;
}
