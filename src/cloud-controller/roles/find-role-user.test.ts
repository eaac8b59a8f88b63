import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { Permissions } from "../http/permissions.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { upsertUser } from "../users/user-directory.ts";
import { findRoleUser } from "./find-role-user.ts";

test("a role by name goes to who has the name in UAA now, not to who had it", async () => {
  await using cc = await TestCloudController.start();
  const db = await cc.openDatabase();
  const clock = new FakeClock();
  await upsertUser(db, clock, { guid: "gone", username: "ann", origin: "uaa" });
  const inUaa = [
    { guid: "ann-2", username: "ann", origin: "uaa" },
    { guid: "ann-3", username: "ann", origin: "ldap" },
    { guid: "bea-1", username: "bea", origin: "uaa" },
  ];
  const finder = {
    db,
    clock,
    permissions: new Permissions(db),
    uaaUsers: {
      byName: async (name: string, origin?: string) =>
        inUaa.filter((user) => user.username === name && user.origin === (origin ?? user.origin)),
      byGuid: async () => undefined,
    },
  };
  const auth = {
    userGuid: "admin",
    isClient: false,
    userName: "admin",
    email: "admin",
    origin: "uaa",
    scopes: new Set<string>(),
    isAdmin: true,
    isAdminReadOnly: false,
    isGlobalAuditor: false,
  };
  const find = async (username: string, origin?: string) =>
    await findRoleUser(finder, auth, { wanted: { username, origin }, kind: "organization" });

  assert.equal((await find("ann", "uaa")).guid, "ann-2");
  assert.equal((await find("ann", "ldap")).guid, "ann-3");
  assert.equal((await find("bea")).guid, "bea-1");
  await assert.rejects(find("ann"), {
    message:
      "Ambiguous user. User with username 'ann' exists in the following origins: ldap, uaa. Specify an origin to disambiguate.",
  });
  await assert.rejects(find("cleo"), { message: "No user exists with the username 'cleo'." });
  await db.destroy();
});
