import type { RecordColumns } from "../database/record.ts";

export interface OrganizationQuotaTable extends RecordColumns {
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
  /** JSON of the four groups `apps`, `services`, `routes`, `domains` as the API shows them; null is unlimited. */
  readonly limits: string;
}
