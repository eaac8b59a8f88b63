import type { Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import type { RoleTable } from "./role-table.ts";

const payload = z.object({ roleGuid: z.string() });

export function roleDelete({
  db,
  clock,
}: {
  readonly db: Database;
  readonly clock: Clock;
}): JobHandler {
  return {
    operation: "role.delete",
    async run(job) {
      const { roleGuid } = payload.parse(job.payload);
      await db.transaction().execute(async (tx) => {
        const role = await tx
          .deleteFrom("roles")
          .where("guid", "=", roleGuid)
          .returningAll()
          .executeTakeFirst();
        if (role !== undefined) await recordRemoval(tx, clock, { role, actor: job.actor });
      });
    },
  };
}

async function recordRemoval(
  db: Executor,
  clock: Clock,
  { role, actor }: { readonly role: Selectable<RoleTable>; readonly actor: Actor },
): Promise<void> {
  const user = await db
    .selectFrom("users")
    .select("username")
    .where("guid", "=", role.userGuid)
    .executeTakeFirst();
  await recordAuditEvent(db, clock, {
    type: `audit.user.${role.type}_remove`,
    actor,
    target: { guid: role.userGuid, type: "user", name: user?.username ?? "" },
    ...(role.spaceGuid === null ? {} : { spaceGuid: role.spaceGuid }),
    ...(role.organizationGuid === null ? {} : { organizationGuid: role.organizationGuid }),
    data: { request: {} },
  });
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
