import type { Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { OrganizationRole, RoleTable, SpaceRole } from "./role-table.ts";

export type NewRole =
  | {
      readonly type: OrganizationRole;
      readonly userGuid: string;
      readonly organizationGuid: string;
    }
  | { readonly type: SpaceRole; readonly userGuid: string; readonly spaceGuid: string };

/** @throws a unique violation where the user has the role */
export async function grantRole(
  db: Executor,
  clock: Clock,
  role: NewRole,
): Promise<Selectable<RoleTable>> {
  return await db
    .insertInto("roles")
    .values({
      ...newRecord(clock),
      type: role.type,
      userGuid: role.userGuid,
      organizationGuid: "organizationGuid" in role ? role.organizationGuid : null,
      spaceGuid: "spaceGuid" in role ? role.spaceGuid : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
