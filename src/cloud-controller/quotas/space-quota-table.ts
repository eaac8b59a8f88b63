import type { RecordColumns } from "../database/record.ts";

export interface SpaceQuotaTable extends RecordColumns {
  /** Unique in the organization, whatever the case. */
  readonly name: string;
  /** Finds it by its name (`database/name-key.ts`). */
  readonly nameKey: string;
  readonly organizationGuid: string;
  /** JSON of the groups `apps`, `services`, `routes` as the API shows them; null is unlimited. */
  readonly limits: string;
}
