import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { toManyMessage } from "../http/guid-list.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Permissions } from "../http/permissions.ts";
import { bindToSpaces, unbindFromSpace } from "./security-group-changes.ts";
import type { Phase } from "./security-group-table.ts";
import { findVisibleSecurityGroup, presentSecurityGroups } from "./visible-security-groups.ts";

interface BindingRoutes {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

/** In which spaces a group holds: managers of a space bind to it the groups that they can see. */
export function registerSecurityGroupBindings(app: ApiServer, dependencies: BindingRoutes): void {
  for (const phase of ["running", "staging"] as const) registerPhase(app, dependencies, phase);
}

function registerPhase(app: ApiServer, dependencies: BindingRoutes, phase: Phase): void {
  const { db, links } = dependencies;
  const pathOf = (guid: string) => `/v3/security_groups/${guid}/relationships/${phase}_spaces`;

  app.post<{ Params: { guid: string } }>(pathOf(":guid"), async (request) => {
    const group = await findVisibleSecurityGroup(dependencies, request.auth, request.params.guid);
    const { data: guids } = parseMessage(toManyMessage, request.body);
    await requireUpdatable(dependencies, request.auth, guids);
    await bindToSpaces(db, { group, phase, guids });
    const [presented] = await presentSecurityGroups(dependencies, request.auth, {
      groups: [group],
    });
    return {
      ...presented?.relationships[`${phase}_spaces`],
      links: { self: links.to(pathOf(group.guid)) },
    };
  });

  app.delete<{ Params: { guid: string; spaceGuid: string } }>(
    `${pathOf(":guid")}/:spaceGuid`,
    async (request, reply) => {
      const { guid, spaceGuid } = request.params;
      const group = await findVisibleSecurityGroup(dependencies, request.auth, guid);
      const space = await db
        .selectFrom("spaces")
        .select("guid")
        .where("guid", "=", spaceGuid)
        .executeTakeFirst();
      if (space !== undefined) await requireUpdatable(dependencies, request.auth, [spaceGuid]);
      if (space === undefined || !(await unbindFromSpace(db, { group, phase, spaceGuid }))) {
        throw unprocessable(
          `Unable to unbind security group from space with guid '${spaceGuid}'. Ensure the space is bound to this security group.`,
        );
      }
      return await reply.status(204).send();
    },
  );
}

/** Of those that exist; that others do not is said later. */
async function requireUpdatable(
  { db, permissions }: BindingRoutes,
  auth: AuthContext,
  guids: readonly string[],
): Promise<void> {
  const spaces = await db
    .selectFrom("spaces")
    .select("guid")
    .where(isOneOf(sql.ref("spaces.guid"), guids))
    .execute();
  for (const { guid: spaceGuid } of spaces) {
    if (!(await permissions.can(auth, "space.update", { spaceGuid }))) {
      throw new CfError("NotAuthorized");
    }
    await permissions.requireWritable(auth, { spaceGuid });
  }
}
