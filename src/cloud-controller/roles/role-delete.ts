import type { Selectable } from "kysely";
import { z } from "zod";
import type { Database, Executor } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import type { RoleTable } from "./role-table.ts";

const payload = z.object({ roleGuid: z.string() });

export function roleDelete(db: Database): JobHandler {
  return {
    operation: "role.delete",
    async run(job) {
      const { roleGuid } = payload.parse(job.payload);
      await db.deleteFrom("roles").where("guid", "=", roleGuid).execute();
    },
  };
}

/** Who has roles in spaces of an organization stays its user. */
export async function refuseOrphanedSpaceRoles(
  db: Executor,
  role: Selectable<RoleTable>,
): Promise<void> {
  if (role.type !== "organization_user" || role.organizationGuid === null) return;
  const inSpace = await db
    .selectFrom("roles")
    .innerJoin("spaces", "spaces.guid", "roles.spaceGuid")
    .select("roles.guid")
    .where("roles.userGuid", "=", role.userGuid)
    .where("spaces.organizationGuid", "=", role.organizationGuid)
    .executeTakeFirst();
  if (inSpace === undefined) return;
  throw unprocessable(
    "Cannot delete organization_user role while user has roles in spaces in that organization.",
  );
}
