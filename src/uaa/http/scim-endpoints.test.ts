import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { newUser, running } from "../testing/test-uaa.ts";

const unknownGuid = "00000000-0000-0000-0000-000000000000";

test("what makes no user is refused in UAA's words", async () => {
  const { call, adminToken } = await running();
  const bearer = await adminToken();
  const good = newUser("ann", "pw");

  for (const [message, status, description] of [
    [{ ...good, userName: "" }, 400, "A username must be provided."],
    [{ ...good, userName: "a b" }, 400, "Username must match pattern: [\\p{L}+0-9+\\-_.@'!]+"],
    [{ ...good, emails: [] }, 400, "Exactly one email must be provided."],
    [{ ...good, emails: [{ value: "" }] }, 400, "An email must be provided."],
    [{ ...good, password: "" }, 400, "Password must be at least 1 characters in length."],
    [
      { ...good, password: "x".repeat(256) },
      400,
      "Password must be no more than 255 characters in length.",
    ],
    [{ ...good, userName: "ADMIN" }, 409, "Username already in use: ADMIN"],
  ] as const) {
    const answer = await call("POST", "/Users", bearer, message);
    assert.equal(answer.status, status, description);
    assert.equal(answer.body["error_description"], description);
    assert.equal(answer.body["message"], description);
  }
});

test("two creations of one name at once make one user", async () => {
  const { call, adminToken } = await running();
  const bearer = await adminToken();

  const answers = await Promise.all(
    ["ann", "Ann", "ANN"].map((name) => call("POST", "/Users", bearer, newUser(name, "pw"))),
  );

  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
  assert.equal(answers.filter(({ status }) => status === 409).length, 2);
});

test("PUT replaces and PATCH adds, each based on the version that was read", async () => {
  const { call, adminToken, addUser } = await running();
  const bearer = await adminToken();
  const guid = await addUser("ann", "pw");
  const at = (ifMatch: string) => ({ bearer, ifMatch });
  const message = {
    userName: "ann2",
    name: { givenName: "Ann", familyName: "Two" },
    emails: [{ value: "ann@example.com" }],
  };

  const unversioned = await call("PUT", `/Users/${guid}`, bearer, message);
  assert.equal(unversioned.status, 400);
  assert.equal(unversioned.body["error_description"], "Missing If-Match for PUT");
  const put = await call("PUT", `/Users/${guid}`, at('"0"'), message);
  assert.equal(put.status, 200);
  assert.equal(put.headers.get("etag"), '"1"');
  assert.equal(put.body["userName"], "ann2");
  assert.deepEqual(put.body["emails"], [{ value: "ann@example.com", primary: true }]);
  const stale = await call("PUT", `/Users/${guid}`, at("0"), message);
  assert.equal(stale.status, 409);
  const patched = await call("PATCH", `/Users/${guid}`, at("*"), { name: { givenName: "Anna" } });
  assert.deepEqual(patched.body["name"], { givenName: "Anna", familyName: "Two" });
  assert.equal(patched.body["userName"], "ann2");
  const taken = await call("PATCH", `/Users/${guid}`, at("*"), { userName: "Admin" });
  assert.equal(taken.status, 409);
  const moved = await call("PATCH", `/Users/${guid}`, at("*"), { origin: "ldap" });
  assert.equal(moved.status, 400);
  assert.equal((await call("PUT", `/Users/${unknownGuid}`, at("*"), message)).status, 404);
});

test("a user sees the own record and may change the own name, and nothing else of it or of others", async () => {
  const { call, login, addUser } = await running();
  const [ann, bob] = [await addUser("ann", "pw"), await addUser("bob", "pw")];
  const { access_token: bearer } = await login("ann", "pw");
  const change = (guid: string, message: object) =>
    call("PATCH", `/Users/${guid}`, { bearer, ifMatch: "*" }, message);

  assert.equal((await call("GET", `/Users/${ann}`, bearer)).status, 200);
  assert.equal((await call("GET", `/Users/${bob}`, bearer)).status, 403);
  assert.equal((await change(ann, { name: { givenName: "A", familyName: "B" } })).status, 200);
  for (const message of [{ userName: "root" }, { active: false }, { emails: [{ value: "x@y" }] }]) {
    const answer = await change(ann, message);
    assert.equal(answer.status, 403);
    assert.equal(answer.body.error, "invalid_self_edit");
  }
  assert.equal((await change(bob, { name: { givenName: "A" } })).status, 403);
  assert.equal((await call("DELETE", `/Users/${ann}`, bearer)).status, 403);
  assert.equal((await call("POST", "/Users", bearer, newUser("eve", "pw"))).status, 403);
});

test("a user who is made inactive is out and stays out until made active again", async () => {
  const { call, adminToken, addUser, login, token } = await running();
  const guid = await addUser("ann", "pw");
  const { refresh_token } = await login("ann", "pw");
  const setActive = async (active: boolean) =>
    call("PATCH", `/Users/${guid}`, { bearer: await adminToken(), ifMatch: "*" }, { active });

  await setActive(false);
  assert.equal((await token({ grant_type: "refresh_token", refresh_token })).status, 401);
  const refused = await login("ann", "pw");
  assert.equal(refused.error_description, "Bad credentials");
  await setActive(true);
  assert.equal((await login("ann", "pw")).status, 200);
});

test("lists of users are filtered, sorted, cut into pages and to the attributes asked for", async () => {
  const { call, adminToken, addUser } = await running();
  for (const name of ["carl", "bea", "bert"]) await addUser(name, "pw");
  const bearer = await adminToken();
  const list = async (query: Record<string, string>) => {
    const answer = await call("GET", `/Users?${new URLSearchParams(query).toString()}`, bearer);
    return { body: answer.body, names: answer.body.resources.map((user) => user["userName"]) };
  };

  assert.deepEqual((await list({ filter: 'userName sw "b"', sortBy: "userName" })).names, [
    "bea",
    "bert",
  ]);
  assert.deepEqual(
    (await list({ sortBy: "userName", sortOrder: "descending", count: "2" })).names,
    ["carl", "bert"],
  );
  const second = await list({ sortBy: "userName", startIndex: "2", count: "1" });
  assert.deepEqual(
    [second.names, second.body["totalResults"], second.body["itemsPerPage"]],
    [["bea"], 4, 1],
  );
  const cut = await list({ filter: 'userName eq "BEA"', attributes: "userName,active" });
  assert.deepEqual(cut.body.resources, [{ userName: "bea", active: true }]);
  const refused = await call("GET", `/Users?filter=${encodeURIComponent("userName gt 1")}`, bearer);
  assert.equal(refused.status, 400);
  assert.equal(refused.body["error_description"], "Invalid filter expression: [userName gt 1]");
});

test("whose password changes, and with what: UAA's rules", async () => {
  const { call, login, addUser, adminToken } = await running();
  const [ann, bob] = [await addUser("ann", "pw"), await addUser("bob", "pw")];
  const { access_token: asAnn } = await login("ann", "pw");
  const { access_token: asAdmin } = await login();
  const change = (bearer: string, guid: string, message: object) =>
    call("PUT", `/Users/${guid}/password`, bearer, message);

  for (const [bearer, guid, message, status, description] of [
    [asAnn, ann, { password: "new" }, 400, "Previous password is required"],
    [asAnn, ann, { oldPassword: "no", password: "new" }, 401, "Old password is incorrect"],
    [asAnn, bob, { password: "new" }, 400, "Not permitted to change another user's password"],
    [asAdmin, bob, { password: "new" }, 400, "Not permitted to change another user's password"],
    [await adminToken(), bob, { password: "new" }, 200, undefined],
    [
      await adminToken(),
      unknownGuid,
      { password: "new" },
      404,
      `User ${unknownGuid} does not exist`,
    ],
  ] as const) {
    const answer = await change(bearer, guid, message);
    assert.equal(answer.body["error_description"], description);
    assert.equal(answer.status, status, description);
  }
  assert.equal((await login("bob", "new")).status, 200);
});

test("guesses of the old password count towards the lock, which an administrator lifts", async () => {
  const { call, login, addUser, adminToken } = await running();
  const guid = await addUser("ann", "pw");
  const { access_token: bearer } = await login("ann", "pw");
  const guess = () =>
    call("PUT", `/Users/${guid}/password`, bearer, { oldPassword: "guess", password: "new" });

  for (let i = 0; i < 5; i += 1) assert.equal((await guess()).status, 401);
  const locked = await login("ann", "pw");
  assert.match(locked.error_description, /has been locked/);
  const admin = await adminToken();
  const lifted = await call("PATCH", `/Users/${guid}/status`, admin, { locked: false });
  assert.equal(lifted.status, 200);
  assert.equal((await login("ann", "pw")).status, 200);
  assert.equal((await call("PATCH", `/Users/${guid}/status`, admin, { locked: true })).status, 400);
});

test("a member of a group gets its scope with the next token, and loses it with the next refresh", async () => {
  const { call, login, token, addUser, adminToken } = await running();
  const guid = await addUser("ann", "pw");
  const bearer = await adminToken();
  const filter = encodeURIComponent('displayName eq "cloud_controller.admin_read_only"');
  const found = await call("GET", `/Groups?filter=${filter}`, bearer);
  const group = found.body.resources[0]?.id ?? "";

  const added = await call("POST", `/Groups/${group}/members`, bearer, {
    origin: "uaa",
    type: "USER",
    value: guid,
  });
  assert.equal(added.status, 201);
  assert.equal(
    (await call("POST", `/Groups/${group}/members`, bearer, { value: guid })).status,
    409,
  );
  const tokens = await login("ann", "pw");
  assert.ok(tokens.scope.split(" ").includes("cloud_controller.admin_read_only"));
  const shown = await call("GET", `/Groups/${group}`, bearer);
  assert.deepEqual(shown.body["members"], [{ origin: "uaa", type: "USER", value: guid }]);

  const removed = await call("DELETE", `/Groups/${group}/members/${guid}`, bearer);
  assert.equal(removed.status, 200);
  assert.equal((await call("DELETE", `/Groups/${group}/members/${guid}`, bearer)).status, 404);
  const { refresh_token } = tokens;
  const refreshed = await token({ grant_type: "refresh_token", refresh_token });
  assert.ok(!refreshed.scope.split(" ").includes("cloud_controller.admin_read_only"));
});

test("a group of one's own is made, changed by version, and deleted with its scope", async () => {
  const { call, adminToken, addUser, login } = await running();
  const [ann, bob] = [await addUser("ann", "pw"), await addUser("bob", "pw")];
  const bearer = await adminToken();
  const message = { displayName: "team.a", members: [{ value: ann, type: "USER" }] };

  const made = await call("POST", "/Groups", bearer, message);
  assert.equal(made.status, 201);
  assert.equal((await call("POST", "/Groups", bearer, message)).status, 409);
  const stranger = { ...message, displayName: "team.b", members: [{ value: unknownGuid }] };
  const refused = await call("POST", "/Groups", bearer, stranger);
  assert.equal(refused.body["error_description"], `Invalid group member: ${unknownGuid}`);
  const change = { displayName: "team.a", members: [{ value: bob }] };
  const put = await call("PUT", `/Groups/${made.body.id}`, { bearer, ifMatch: "0" }, change);
  assert.deepEqual(put.body["members"], [{ origin: "uaa", type: "USER", value: bob }]);
  const stale = await call("PUT", `/Groups/${made.body.id}`, { bearer, ifMatch: "0" }, change);
  assert.equal(stale.status, 409);
  const { access_token: asAnn } = await login("ann", "pw");
  assert.equal((await call("GET", "/Groups", asAnn)).status, 403);
  assert.equal((await call("DELETE", `/Groups/${made.body.id}`, asAnn)).status, 403);
  assert.equal((await call("DELETE", `/Groups/${made.body.id}`, bearer)).status, 200);
  assert.equal((await call("GET", `/Groups/${made.body.id}`, bearer)).status, 404);
  const user = await call("GET", `/Users/${bob}`, bearer);
  assert.ok(!JSON.stringify(user.body["groups"]).includes("team.a"));
});

test("userinfo tells a user of openid who that is, and a client nothing", async () => {
  const { url, login, adminToken } = await running();
  const ask = async (bearer: string) => {
    const response = await fetch(`${url}/userinfo`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const { access_token: bearer } = await login();

  const mine = await ask(bearer);
  assert.equal(mine.status, 200);
  assert.equal(mine.body["user_name"], "admin");
  assert.equal(mine.body["sub"], decodeJwt(bearer).sub);
  assert.equal((await ask(await adminToken())).status, 403);
});
