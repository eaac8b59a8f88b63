import type { Selectable } from "kysely";
import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { isUniqueViolation } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { UaaUsers } from "../users/uaa-users.ts";
import { upsertUser } from "../users/user-directory.ts";
import { grantRole, type NewRole } from "./grant-role.ts";
import type { createRoleMessage } from "./messages.ts";
import type { OrganizationRole, RoleTable, SpaceRole } from "./role-table.ts";

type CreateRole = z.infer<typeof createRoleMessage>;

interface RoleCreate {
  readonly db: Database;
  readonly clock: Clock;
  readonly permissions: Permissions;
  /** Undefined: only users that Cloud Controller has seen are found by name. */
  readonly uaaUsers: UaaUsers | undefined;
}

interface NamedUser {
  readonly guid: string;
  readonly name: string;
}

const invalidUser = "Invalid user. Ensure that the user exists and you have access to it.";

export async function createRole(
  dependencies: RoleCreate,
  auth: AuthContext,
  message: CreateRole,
): Promise<Selectable<RoleTable>> {
  const place = await placeOf(dependencies, auth, message);
  const user = await findUser(dependencies, auth, message.relationships.user.data);
  return await dependencies.db.transaction().execute(async (tx) => {
    if (place.kind === "space") await requireMembership(tx, user, place.organizationGuid);
    const role: NewRole =
      place.kind === "space"
        ? { type: place.type, userGuid: user.guid, spaceGuid: place.guid }
        : { type: place.type, userGuid: user.guid, organizationGuid: place.guid };
    const created = await grantRole(tx, dependencies.clock, role).catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw unprocessable(
        `User '${user.name}' already has '${place.type}' role in ${place.kind} '${place.name}'.`,
      );
    });
    await recordAuditEvent(tx, dependencies.clock, {
      type: `audit.user.${place.type}_add`,
      actor: actorOf(auth),
      target: { guid: user.guid, type: "user", name: user.name },
      organizationGuid: place.organizationGuid,
      ...(place.kind === "space" ? { spaceGuid: place.guid } : {}),
      data: { request: message },
    });
    return created;
  });
}

interface RolePlace {
  readonly guid: string;
  readonly name: string;
  readonly organizationGuid: string;
}

type TypedPlace =
  | (RolePlace & { readonly kind: "space"; readonly type: SpaceRole })
  | (RolePlace & { readonly kind: "organization"; readonly type: OrganizationRole });

/** The space or organization that the role's type asks for, which the caller may grant roles in. */
async function placeOf(
  { db, permissions }: RoleCreate,
  auth: AuthContext,
  { type, relationships }: CreateRole,
): Promise<TypedPlace> {
  if (isSpaceRole(type)) {
    const guid = relationships.space?.data.guid;
    if (guid === undefined) throw unprocessable("Relationships Space can't be blank");
    const space = await db
      .selectFrom("spaces")
      .select(["guid", "name", "organizationGuid"])
      .where("guid", "=", guid)
      .executeTakeFirst();
    const place = { spaceGuid: guid };
    if (space === undefined || !(await permissions.can(auth, "space.read", place))) {
      throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
    }
    await permissions.require(auth, "space.update", { name: "Space", place });
    return { ...space, kind: "space", type };
  }
  const guid = relationships.organization?.data.guid;
  if (guid === undefined) throw unprocessable("Relationships Organization can't be blank");
  const organization = await db
    .selectFrom("organizations")
    .select(["guid", "name"])
    .where("guid", "=", guid)
    .executeTakeFirst();
  const place = { organizationGuid: guid };
  if (organization === undefined || !(await permissions.can(auth, "organization.read", place))) {
    throw unprocessable(
      "Invalid organization. Ensure that the organization exists and you have access to it.",
    );
  }
  if (!(await permissions.can(auth, "organization.update", place))) {
    throw new CfError("NotAuthorized");
  }
  return { ...organization, organizationGuid: guid, kind: "organization", type };
}

function isSpaceRole(type: CreateRole["type"]): type is SpaceRole {
  return type.startsWith("space_");
}

async function findUser(
  { db, clock, uaaUsers }: RoleCreate,
  auth: AuthContext,
  wanted: CreateRole["relationships"]["user"]["data"],
): Promise<NamedUser> {
  if ("guid" in wanted) {
    const user = await db
      .selectFrom("users")
      .select(["guid", "username"])
      .where("guid", "=", wanted.guid)
      .executeTakeFirst();
    if (user === undefined) throw unprocessable(invalidUser);
    return { guid: user.guid, name: user.username ?? user.guid };
  }
  if (!auth.isAdmin) await requireEnabled(db, "set_roles_by_username");
  const { username, origin } = wanted;
  let known = db.selectFrom("users").select(["guid", "origin"]).where("username", "=", username);
  if (origin !== undefined) known = known.where("origin", "=", origin);
  const rows = await known.execute();
  const found =
    rows.length > 0 ? rows : await askUaa({ db, clock }, { uaaUsers, username, origin });
  if (found.length > 1) {
    const origins = found.map((user) => `'${user.origin ?? ""}'`).join(", ");
    throw unprocessable(
      `Ambiguous user. User with username '${username}' exists in the following origins: ${origins}. Specify an origin to disambiguate.`,
    );
  }
  const [user] = found;
  if (user === undefined) {
    throw unprocessable(
      origin === undefined
        ? `No user exists with the username '${username}'.`
        : `No user exists with the username '${username}' and origin '${origin}'.`,
    );
  }
  return { guid: user.guid, name: username };
}

async function askUaa(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  request: {
    readonly uaaUsers: UaaUsers | undefined;
    readonly username: string;
    readonly origin: string | undefined;
  },
): Promise<readonly { readonly guid: string; readonly origin: string | null }[]> {
  const found = (await request.uaaUsers?.byName(request.username, request.origin)) ?? [];
  for (const user of found) await upsertUser(db, clock, user);
  return found;
}

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
    .executeTakeFirst();
  if (role !== undefined) return;
  throw unprocessable(
    "Users cannot be assigned roles in a space if they do not have a role in that space's organization.",
  );
}
