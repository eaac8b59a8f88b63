import { z } from "zod";
import { printList } from "../http/guid-list.ts";
import {
  organizationRoles,
  spaceRoles,
  type OrganizationRole,
  type SpaceRole,
} from "./role-table.ts";

const roleTypes = [...organizationRoles, ...spaceRoles];

const placeRelationship = z
  .strictObject({ data: z.strictObject({ guid: z.string().min(1).max(200) }).nullable() })
  .nullable()
  .optional();

/** Who is to have the role: by the guid, or by the name that UAA knows. */
type RoleUser =
  | { readonly guid: string }
  | { readonly username: string; readonly origin: string | undefined };

type RoleWish =
  | { readonly type: SpaceRole; readonly user: RoleUser; readonly spaceGuid: string }
  | { readonly type: OrganizationRole; readonly user: RoleUser; readonly organizationGuid: string };

const user = z
  .looseObject({ data: z.looseObject({}).nullable().optional() }, { error: "can't be blank" })
  .transform(({ data }, context): RoleUser => {
    const given = data ?? {};
    const report = (message: string) => {
      context.addIssue({ code: "custom", message: `Relationships ${message}` });
      return z.NEVER;
    };
    const { guid, username, origin } = given;
    const byGuid = "guid" in given;
    const byName = "username" in given;
    if (byGuid && byName)
      return report("Username cannot be specified when identifying user by guid");
    if (byGuid && "origin" in given) {
      return report("User origin cannot be specified when identifying user by guid");
    }
    if (!byName && "origin" in given) {
      return report("User origin cannot be specified without specifying the username");
    }
    if (byGuid) {
      if (typeof guid !== "string") return report("User guid must be a string");
      return guid.length >= 1 && guid.length <= 200
        ? { guid }
        : report("User guid must be between 1 and 200 characters");
    }
    if (!byName) return report("User must have a username or guid specified");
    if (typeof username !== "string") return report("Username must be a string");
    if (origin === undefined || origin === null) return { username, origin: undefined };
    return typeof origin === "string"
      ? { username, origin }
      : report("User origin must be a string");
  });

export const createRoleMessage = z
  .strictObject({
    type: z.enum(roleTypes, { error: `must be one of the allowed types ${printList(roleTypes)}` }),
    relationships: z.strictObject(
      { user, organization: placeRelationship, space: placeRelationship },
      {
        error: (issue) =>
          issue.code === "invalid_type" ? "'relationships' is not an object" : undefined,
      },
    ),
  })
  .transform(({ type, relationships }, context): RoleWish => {
    const space = relationships.space?.data ?? undefined;
    const organization = relationships.organization?.data ?? undefined;
    const report = (message: string) => {
      context.addIssue({ code: "custom", message: `Relationships ${message}` });
      return z.NEVER;
    };
    if (space !== undefined && organization !== undefined) {
      return report("cannot specify both an organization and a space.");
    }
    if (isSpaceRole(type)) {
      if (organization !== undefined) {
        return report(`Organization cannot be provided with the space role type: '${type}'.`);
      }
      if (space === undefined) return report("must specify either a space or an organization.");
      return { type, user: relationships.user, spaceGuid: space.guid };
    }
    if (space !== undefined) {
      return report(`Space cannot be provided with the organization role type: '${type}'.`);
    }
    if (organization === undefined) {
      return report("must specify either a space or an organization.");
    }
    return { type, user: relationships.user, organizationGuid: organization.guid };
  });

function isSpaceRole(type: OrganizationRole | SpaceRole): type is SpaceRole {
  return type.startsWith("space_");
}
