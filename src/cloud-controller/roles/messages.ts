import { z } from "zod";
import { printList } from "../http/guid-list.ts";
import { asGiven, relationshipFaults } from "./role-faults.ts";
import {
  organizationRoles,
  spaceRoles,
  type OrganizationRole,
  type SpaceRole,
} from "./role-table.ts";

const roleTypes = [...organizationRoles, ...spaceRoles];

/** Who is to have the role: by the guid, or by the name that UAA knows. */
type RoleUser =
  | { readonly guid: string }
  | { readonly username: string; readonly origin: string | undefined };

type RoleWish =
  | { readonly type: SpaceRole; readonly user: RoleUser; readonly spaceGuid: string }
  | { readonly type: OrganizationRole; readonly user: RoleUser; readonly organizationGuid: string };

const place = z.object({ data: z.object({ guid: z.string() }).nullable() }).nullish();

/** What a body without faults holds. */
const faultless = z.object({
  type: z.enum(roleTypes),
  relationships: z.object({
    user: z.object({
      data: z.union([
        z.object({ guid: z.string() }),
        z.object({
          username: z.string(),
          origin: z
            .string()
            .nullish()
            .transform((origin) => origin ?? undefined),
        }),
      ]),
    }),
    organization: place,
    space: place,
  }),
});

export const createRoleMessage = z
  .strictObject({ type: z.unknown().optional(), relationships: z.unknown().optional() })
  .transform((given, context): RoleWish => {
    const faults = faultsOf(given);
    for (const { path, message } of faults) {
      context.addIssue({ code: "custom", path: [path], message });
    }
    if (faults.length > 0) return z.NEVER;
    const { type, relationships } = faultless.parse(given);
    const user = relationships.user.data;
    const guid = relationships.space?.data?.guid ?? relationships.organization?.data?.guid ?? "";
    return isSpaceRole(type)
      ? { type, user, spaceGuid: guid }
      : { type, user, organizationGuid: guid };
  });

/** The relationships' before the type's, as the original tells them. */
function faultsOf({ type, relationships }: { readonly type?: unknown; relationships?: unknown }) {
  const isKnown = roleTypes.some((known) => known === type);
  return [
    ...faultsOfRelationships(type, relationships).map((fault) => ({
      path: "relationships",
      message: `Relationships ${fault}`,
    })),
    ...(isKnown
      ? []
      : [
          {
            path: "type",
            message: `Type must be one of the allowed types ${printList(roleTypes)}`,
          },
        ]),
  ];
}

function faultsOfRelationships(type: unknown, relationships: unknown): string[] {
  const isObject =
    typeof relationships === "object" && relationships !== null && !Array.isArray(relationships);
  if (!isObject) return ["'relationships' is not an object"];
  if (Object.keys(relationships).length === 0) {
    return ["'relationships' must include one or more valid relationships"];
  }
  return relationshipFaults(type, asGiven(relationships));
}

function isSpaceRole(type: OrganizationRole | SpaceRole): type is SpaceRole {
  return type.startsWith("space_");
}
