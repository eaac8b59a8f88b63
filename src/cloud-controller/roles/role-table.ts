import type { RecordColumns } from "../database/record.ts";

export const organizationRoles = [
  "organization_user",
  "organization_auditor",
  "organization_manager",
  "organization_billing_manager",
] as const;
export const spaceRoles = [
  "space_auditor",
  "space_developer",
  "space_manager",
  "space_supporter",
] as const;

export type OrganizationRole = (typeof organizationRoles)[number];
export type SpaceRole = (typeof spaceRoles)[number];
export type RoleType = OrganizationRole | SpaceRole;

/** Exactly one of the two guids is set, by the kind of the role. */
export interface RoleTable extends RecordColumns {
  readonly type: RoleType;
  readonly userGuid: string;
  readonly organizationGuid: string | null;
  readonly spaceGuid: string | null;
}
