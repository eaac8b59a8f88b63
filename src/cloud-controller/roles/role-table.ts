import type { RecordColumns } from "../database/record.ts";

/** In Cloud Controller's order, which shows in an error's text. */
export const organizationRoles = [
  "organization_auditor",
  "organization_manager",
  "organization_billing_manager",
  "organization_user",
] as const;
export const spaceRoles = [
  "space_auditor",
  "space_manager",
  "space_developer",
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
