import type { Clock } from "#kernel/clock/clock.ts";
import { nameKey } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { UaaUsers } from "../users/uaa-users.ts";
import { upsertUser } from "../users/user-directory.ts";
import { visibleUsers } from "../users/visible-users.ts";

interface UserFinder {
  readonly db: Database;
  readonly clock: Clock;
  readonly permissions: Permissions;
  readonly uaaUsers: UaaUsers | undefined;
}

export interface NamedUser {
  readonly guid: string;
  /** The guid where UAA has no name for it: a client. */
  readonly name: string;
}

interface KnownUser {
  readonly guid: string;
  readonly origin: string | null;
}

/**
 * The user that a role is for. A space's is one that the caller can see; an organization's may be new to Cloud
 * Controller, a client of UAA too, and gets its record here.
 */
export async function findRoleUser(
  finder: UserFinder,
  auth: AuthContext,
  {
    wanted,
    kind,
  }: {
    readonly wanted:
      | { readonly guid: string }
      | { readonly username: string; readonly origin: string | undefined };
    readonly kind: "space" | "organization";
  },
): Promise<NamedUser> {
  if ("username" in wanted) {
    if (!auth.isAdmin) await requireEnabled(finder.db, "set_roles_by_username");
    const { guid } = await findByName(finder, { ...wanted, kind });
    return { guid, name: wanted.username };
  }
  const { guid } = wanted;
  const users =
    kind === "space" ? visibleUsers(finder, auth) : finder.db.selectFrom("users").selectAll();
  const user = await users.where("users.guid", "=", guid).executeTakeFirst();
  if (user !== undefined) return { guid, name: user.username ?? guid };
  if (kind === "space") throw unprocessable(notInOrganization);
  const known = await finder.uaaUsers?.byGuid(guid);
  await upsertUser(finder.db, finder.clock, known ?? { guid, username: null, origin: null });
  return { guid, name: known?.username ?? guid };
}

export const notInOrganization =
  "Users cannot be assigned roles in a space if they do not have a role in that space's organization.";

async function findByName(
  finder: UserFinder,
  {
    username,
    origin,
    kind,
  }: {
    readonly username: string;
    readonly origin: string | undefined;
    readonly kind: "space" | "organization";
  },
): Promise<KnownUser> {
  const { db, uaaUsers } = finder;
  const found =
    uaaUsers === undefined
      ? await knownByName(db, username, origin)
      : await askUaa(finder, uaaUsers, { username, origin });
  if (found.length > 1) {
    const origins = found.map((user) => user.origin ?? "").toSorted();
    throw unprocessable(
      `Ambiguous user. User with username '${username}' exists in the following origins: ${origins.join(", ")}. Specify an origin to disambiguate.`,
    );
  }
  const [user] = found;
  if (user !== undefined) return user;
  if (kind === "space") throw unprocessable(notInOrganization);
  throw unprocessable(
    origin === undefined
      ? `No user exists with the username '${username}'.`
      : `No user exists with the username '${username}' and origin '${origin}'.`,
  );
}

async function knownByName(
  db: Database,
  username: string,
  origin: string | undefined,
): Promise<readonly KnownUser[]> {
  const named = db
    .selectFrom("users")
    .select(["guid", "origin"])
    .where("usernameKey", "=", nameKey(username));
  return await (origin === undefined ? named : named.where("origin", "=", origin)).execute();
}

/** Who has the name now: of our own records one may be of a user who was renamed or is gone. */
async function askUaa(
  { db, clock }: UserFinder,
  uaaUsers: UaaUsers,
  { username, origin }: { readonly username: string; readonly origin: string | undefined },
): Promise<readonly KnownUser[]> {
  const found = await uaaUsers.byName(username, origin);
  for (const user of found) await upsertUser(db, clock, user);
  return found;
}
