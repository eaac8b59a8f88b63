import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { asGuid } from "#kernel/guid.ts";
import { WebSessionTable, webSessionSeconds } from "../browser/web-session-table.ts";
import { OneTimeCodeTable } from "../codes/one-time-code-table.ts";
import { uaaMigrations } from "../database/migrations.ts";
import type { UaaSchema } from "../database/schema.ts";
import { SessionTable, type Session } from "../tokens/session-table.ts";
import { defaultLockoutPolicy } from "../users/lockout.ts";
import { LoginFailureTable } from "../users/login-failure-table.ts";
import { UserTable } from "../users/user-table.ts";
import { deleteExpired } from "./expired-rows.ts";

const now = 10_000_000_000;
const hour = 3_600_000;

test("deleteExpired() takes what has run out by now, and leaves what is good for a millisecond more", async () => {
  const db = await openDatabase<UaaSchema>(await testDatabase(uaaMigrations), uaaMigrations);
  after(() => db.destroy());
  const userGuid = asGuid<"user">("u");
  const user = {
    guid: userGuid,
    userName: "ann",
    origin: "uaa",
    email: "ann",
    givenName: "",
    familyName: "",
    passwordHash: "",
    groups: [],
  };
  await new UserTable(db).insert(user, now);
  const sessions = new SessionTable(db);
  const session = (guid: string, expiresAt: number): Session => ({
    guid: asGuid<"session">(guid),
    userGuid,
    clientId: "cf",
    scopes: ["openid"],
    grantType: "password",
    authenticatedAt: 0,
    expiresAt,
  });
  const webSessions = new WebSessionTable(db);
  const codes = new OneTimeCodeTable(db);
  const failures = new LoginFailureTable(db, defaultLockoutPolicy);
  const code = {
    purpose: "authorization" as const,
    clientId: "cf",
    scopes: [],
    redirectUri: "",
    isRedirectUriGiven: false,
    authenticatedAt: 0,
  };
  await sessions.open(session("old", now));
  const refreshToken = await sessions.open(session("good", now + 1));
  await webSessions.open(userGuid, now - webSessionSeconds * 1_000);
  const cookie = await webSessions.open(userGuid, now - webSessionSeconds * 1_000 + 1);
  await codes.issue(userGuid, code, now - 300_000);
  const goodCode = await codes.issue(userGuid, code, now - 299_999);
  await failures.save("old", { failures: 5, firstAt: 0, lastAt: now - hour - 1 });
  await failures.save("good", { failures: 5, firstAt: 0, lastAt: now - hour });

  const deleted = await deleteExpired(db, defaultLockoutPolicy, now);

  assert.deepEqual(deleted, { sessions: 1, codes: 1, webSessions: 1, loginFailures: 1 });
  assert.equal((await sessions.byRefreshToken(refreshToken, now))?.guid, "good");
  assert.ok(await webSessions.find(cookie, now));
  assert.ok(await codes.redeem("authorization", goodCode, now));
  assert.ok(await failures.find("good"));
  assert.deepEqual(await deleteExpired(db, defaultLockoutPolicy, now), {
    sessions: 0,
    codes: 0,
    webSessions: 0,
    loginFailures: 0,
  });
});
