import type { Selectable } from "kysely";
import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { UaaUsers } from "../users/uaa-users.ts";
import { findRoleUser, notInOrganization, type NamedUser } from "./find-role-user.ts";
import { grantRole, type NewRole } from "./grant-role.ts";
import type { createRoleMessage } from "./messages.ts";
import type { RoleTable } from "./role-table.ts";

type CreateRole = z.output<typeof createRoleMessage>;

interface RoleCreate {
  readonly db: Database;
  readonly clock: Clock;
  readonly permissions: Permissions;
  /** Undefined: only users that Cloud Controller has seen are found by name. */
  readonly uaaUsers: UaaUsers | undefined;
}

export async function createRole(
  dependencies: RoleCreate,
  auth: AuthContext,
  { message, body }: { readonly message: CreateRole; readonly body: unknown },
): Promise<Selectable<RoleTable>> {
  const place = await placeOf(dependencies, auth, message);
  const user = await findRoleUser(dependencies, auth, { wanted: message.user, kind: place.kind });
  const { db, clock } = dependencies;
  return await db.transaction().execute(async (tx) => {
    if (place.kind === "space") await requireMembership(tx, user, place.organizationGuid);
    const created = await grantRole(tx, clock, roleOf(message, user)).catch(
      whereTaken(() =>
        unprocessable(
          `User '${user.name}' already has '${message.type}' role in ${place.kind} '${place.name}'.`,
        ),
      ),
    );
    await recordAuditEvent(tx, clock, {
      type: `audit.user.${message.type}_add`,
      actor: actorOf(auth),
      target: { guid: user.guid, type: "user", name: user.name === user.guid ? "" : user.name },
      organizationGuid: place.organizationGuid,
      ...(place.kind === "space" ? { spaceGuid: place.guid } : {}),
      data: { request: body },
    });
    return created;
  });
}

function roleOf(message: CreateRole, user: NamedUser): NewRole {
  return "spaceGuid" in message
    ? { type: message.type, userGuid: user.guid, spaceGuid: message.spaceGuid }
    : { type: message.type, userGuid: user.guid, organizationGuid: message.organizationGuid };
}

interface RolePlace {
  readonly kind: "space" | "organization";
  readonly guid: string;
  readonly name: string;
  readonly organizationGuid: string;
}

/** Where the role is to hold, which the caller must be allowed to change; not to see it is no other answer. */
async function placeOf(
  { db, permissions }: RoleCreate,
  auth: AuthContext,
  message: CreateRole,
): Promise<RolePlace> {
  if ("spaceGuid" in message) {
    const { spaceGuid } = message;
    const space = await db
      .selectFrom("spaces")
      .select(["guid", "name", "organizationGuid"])
      .where("guid", "=", spaceGuid)
      .executeTakeFirst();
    if (space === undefined) {
      throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
    }
    if (!(await permissions.can(auth, "space.update", { spaceGuid }))) {
      throw new CfError("NotAuthorized");
    }
    await permissions.requireWritable(auth, { spaceGuid });
    return { ...space, kind: "space" };
  }
  const { organizationGuid } = message;
  const organization = await db
    .selectFrom("organizations")
    .select(["guid", "name"])
    .where("guid", "=", organizationGuid)
    .executeTakeFirst();
  if (organization === undefined) {
    throw unprocessable(
      "Invalid organization. Ensure that the organization exists and you have access to it.",
    );
  }
  if (!(await permissions.can(auth, "organization.update", { organizationGuid }))) {
    throw new CfError("NotAuthorized");
  }
  await permissions.requireWritable(auth, { organizationGuid });
  return { ...organization, organizationGuid, kind: "organization" };
}

/** The original asks for the role `organization_user` and no other. */
async function requireMembership(
  db: Executor,
  user: NamedUser,
  organizationGuid: string,
): Promise<void> {
  const role = await db
    .selectFrom("roles")
    .select("guid")
    .where("userGuid", "=", user.guid)
    .where("organizationGuid", "=", organizationGuid)
    .where("type", "=", "organization_user")
    .executeTakeFirst();
  if (role === undefined) throw unprocessable(notInOrganization);
}
