import type { Generated } from "kysely";
import type { RecordColumns, StoredBoolean } from "../database/record.ts";

export interface DomainTable extends RecordColumns {
  /** In lower case. */
  readonly name: string;
  /** Names between containers only; never the router's. */
  readonly internal: StoredBoolean;
  /** The owner of a private domain; null: shared with all. */
  readonly organizationGuid: string | null;
  /** Whether the domain's routes take the policies of `route-policies/`. */
  readonly enforceRoutePolicies: Generated<StoredBoolean>;
  readonly routePoliciesScope: RoutePoliciesScope | null;
}

export const routePoliciesScopes = ["any", "org", "space"] as const;

type RoutePoliciesScope = (typeof routePoliciesScopes)[number];

/** Further organizations that may use a private domain. */
export interface DomainShareTable {
  readonly domainGuid: string;
  readonly organizationGuid: string;
}
