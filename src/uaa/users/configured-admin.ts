import type { Kysely } from "kysely";
import { asGuid, type GuidSource } from "#kernel/guid.ts";
import type { UaaSchema } from "../database/schema.ts";
import { uaaOrigin } from "../grants/grant-steps.ts";
import { adminGroups } from "./default-groups.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import type { UserTable } from "./user-table.ts";

/**
 * Makes the first administrator. From then on a password in the configuration counts where it is a new one there: one
 * that the administrator has changed since (`cf passwd`) outlives a restart. A new one ends the earlier logins.
 */
export async function ensureAdmin(
  admin: { readonly username: string; readonly password: string },
  parts: {
    readonly db: Kysely<UaaSchema>;
    readonly users: UserTable;
    readonly hasher: PasswordHasher;
    readonly guids: GuidSource;
    readonly now: number;
  },
): Promise<void> {
  const { db, users, hasher, guids, now } = parts;
  const known = await users.byName(admin.username, uaaOrigin);
  if (known !== undefined) {
    await users.addToGroups(known.guid, adminGroups);
    const configured = await db
      .selectFrom("configuredPasswords")
      .select("passwordHash")
      .where("userGuid", "=", known.guid)
      .executeTakeFirst();
    if (
      configured !== undefined &&
      (await hasher.isRight(configured.passwordHash, admin.password))
    ) {
      return;
    }
    if (await hasher.isRight(known.passwordHash, admin.password)) {
      await remember(db, known.guid, known.passwordHash);
      return;
    }
  }
  const passwordHash = await hasher.hash(admin.password);
  if (known === undefined) {
    await users.insert(
      {
        guid: asGuid<"user">(guids()),
        userName: admin.username,
        origin: uaaOrigin,
        email: admin.username,
        givenName: "",
        familyName: "",
        passwordHash,
        groups: adminGroups,
      },
      now,
    );
  } else {
    await users.setPassword(known.guid, passwordHash, now);
  }
  const user = await users.byName(admin.username, uaaOrigin);
  if (user !== undefined) await remember(db, user.guid, passwordHash);
}

async function remember(
  db: Kysely<UaaSchema>,
  userGuid: string,
  passwordHash: string,
): Promise<void> {
  await db
    .insertInto("configuredPasswords")
    .values({ userGuid, passwordHash })
    .onConflict((conflict) => conflict.column("userGuid").doUpdateSet({ passwordHash }))
    .execute();
}
