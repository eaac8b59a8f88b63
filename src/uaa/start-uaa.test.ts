import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { request } from "undici";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { testDatabase } from "#db/testing/test-database.ts";
import { uaaMigrations } from "./database/migrations.ts";
import { admin, cfClient, newUser, pass, running, start } from "./testing/test-uaa.ts";

test("GET /login tells the official client what to ask for, whatever the token it sends along", async () => {
  const { url, externalUrl } = await running();

  const response = await fetch(`${url}/login`, {
    headers: { accept: "application/json", authorization: "bearer stale" },
  });

  assert.equal(response.status, 200);
  const body = (await response.json()) as {
    prompts: unknown;
    links: { uaa: string };
    app: { version: string };
  };
  assert.deepEqual(body.prompts, {
    username: ["text", "Email"],
    password: ["password", "Password"],
    passcode: ["password", `Temporary Authentication Code ( Get one at ${externalUrl}/passcode )`],
  });
  assert.equal(body.links.uaa, externalUrl);
  assert.match(body.app.version, /^\d+\.\d+\.\d+$/);
});

test("the right password gives a token with the claims that the official client and Cloud Controller read", async () => {
  const { login, url, externalUrl, clock } = await running();

  const answer = await login();

  assert.equal(answer.status, 200);
  assert.equal(answer.token_type, "bearer");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const claims = decodeJwt(answer.access_token);
  assert.equal(claims["user_name"], "admin");
  assert.equal(claims["user_id"], claims.sub);
  assert.equal(claims["origin"], "uaa");
  assert.equal(claims["client_id"], "cf");
  assert.equal(claims["revocable"], true);
  assert.equal(claims.iss, `${externalUrl}/oauth/token`);
  assert.equal(claims.exp, Math.floor(clock.now().getTime() / 1_000) + 600);
  const scopes = claims["scope"] as string[];
  assert.ok(scopes.includes("cloud_controller.admin") && scopes.includes("openid"));
  assert.ok(!scopes.includes("uaa.admin"), "the client cf may not carry uaa.admin");

  const keys = createRemoteJWKSet(new URL(`${url}/token_keys`));
  const verified = await jwtVerify(answer.access_token, keys, { currentDate: clock.now() });
  assert.equal(verified.protectedHeader.alg, "RS256");
});

test("a user whom an administrator makes can log in, and has no administrator's scope", async () => {
  const { login, call } = await running();
  const { access_token: bearer } = await login();

  const made = await call("POST", "/Users", bearer, {
    userName: "Ann",
    password: "pw",
    origin: "",
    name: { familyName: "Ann", givenName: "Ann" },
    emails: [{ value: "ann@example.com", primary: true }],
  });
  assert.equal(made.status, 201);
  assert.equal(made.body.origin, "uaa");
  const again = await call("POST", "/Users", bearer, newUser("ANN", "pw"));
  assert.equal(again.status, 409);

  const answer = await login("ann", "pw");
  assert.deepEqual(answer.scope.split(" "), [
    "cloud_controller.read",
    "cloud_controller.write",
    "openid",
    "password.write",
    "uaa.user",
  ]);
  assert.equal(decodeJwt(answer.access_token)["user_id"], made.body.id);
  const found = await call(
    "GET",
    `/Users?filter=${encodeURIComponent('userName eq "ann"')}`,
    bearer,
  );
  assert.deepEqual(
    found.body.resources.map((user) => user.id),
    [made.body.id],
  );
  assert.ok(!JSON.stringify(found.body).includes("scrypt"));
  const forbidden = await call("GET", "/Users", answer.access_token);
  assert.equal(forbidden.status, 403);
  assert.equal(forbidden.body.error, "insufficient_scope");
});

for (const [what, username, password] of [
  ["a wrong password", "admin", "guess"],
  ["an unknown user", "nobody", "guess"],
  ["a password of 60,000 characters", "admin", "x".repeat(60_000)],
  ["a password in another Unicode form", "admin", "ﬁrst-password"],
  ["a password with a NUL", "admin", "first-password\0"],
  ["a name of 300 characters", "a".repeat(300), "x"],
] as const) {
  test(`a login with ${what} is answered like any other that fails`, async () => {
    const { login } = await running();

    const answer = await login(username, password);

    assert.equal(answer.status, 401);
    assert.equal(answer.error, "invalid_client");
    assert.equal(answer.error_description, "Bad credentials");
    assert.equal(
      answer.headers.get("www-authenticate"),
      'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"',
    );
  });
}

test("after five wrong passwords even the right one is refused, for five minutes, and other users are not", async () => {
  const { login, clock, call } = await running();
  const { access_token: bearer } = await login();
  await call("POST", "/Users", bearer, newUser("ann", "pw"));
  const guesses = await Promise.all(
    Array.from({ length: 20 }, (_, i) => login("ann", `guess ${i}`)),
  );
  const locked = "Your account has been locked because of too many failed attempts to login.";
  assert.equal(guesses.filter((guess) => guess.error_description === "Bad credentials").length, 5);
  assert.equal(guesses.filter((guess) => guess.error_description === locked).length, 15);

  const right = await login("ann", "pw");
  assert.equal(right.status, 401);
  assert.equal(right.error_description, locked);
  assert.equal((await login()).status, 200);

  await pass(clock, 300_000);
  assert.equal((await login("ann", "pw")).status, 200);
});

test("the lock is as long as it is set to be, also where that is longer than failures count", async () => {
  const lockout = { failures: 2, countedWithinMs: 60_000, lockedForMs: 600_000 };
  const { login, clock } = await running({ lockout });
  const says = async (password: string) =>
    (await login(admin.username, password)).error_description ?? "logged in";
  const locked = /locked/;

  assert.match(await says("guess"), /Bad credentials/);
  await pass(clock, 60_000);
  // The first is too long ago to count.
  for (const guess of ["again", "and again"]) assert.match(await says(guess), /Bad credentials/);
  assert.match(await says(admin.password), locked);
  await pass(clock, 599_999);
  await login("ghost", "another's failure clears what locks nobody any more");
  assert.match(await says(admin.password), locked);
  await pass(clock, 1);
  assert.equal(await says(admin.password), "logged in");
});

test("an unknown name is locked as a known one is", async () => {
  const { login } = await running();

  const answers: string[] = [];
  for (let i = 0; i < 6; i += 1) answers.push((await login("ghost", "x")).error_description);

  assert.match(answers.at(-1) ?? "", /locked/);
});

test("many right logins at once all succeed", async () => {
  const { login } = await running();

  const answers = await Promise.all(Array.from({ length: 12 }, () => login()));

  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
});

test("a refresh token gives a new access token and stays the same", async () => {
  const { login, token, clock } = await running();
  const first = await login();
  await pass(clock, 599_000);

  const second = await token({ grant_type: "refresh_token", refresh_token: first.refresh_token });

  assert.equal(second.status, 200);
  assert.equal(second.refresh_token, first.refresh_token);
  assert.equal(second.token_type, "bearer");
  assert.ok((decodeJwt(second.access_token).exp ?? 0) > (decodeJwt(first.access_token).exp ?? 0));
  assert.notEqual(decodeJwt(second.access_token).jti, decodeJwt(first.access_token).jti);
});

test("a refresh token that is old, unknown, an access token, or another client's is refused", async () => {
  const { login, token, clock } = await running({
    clients: [
      {
        clientId: "other",
        secret: "o",
        grantTypes: ["refresh_token"],
        scopes: ["openid"],
        authorities: [],
        accessTokenValidity: 60,
        refreshTokenValidity: 60,
      },
    ],
  });
  const { refresh_token, access_token } = await login();
  const refresh = (value: string, headers = cfClient) =>
    token({ grant_type: "refresh_token", refresh_token: value }, headers);

  const other = { authorization: `Basic ${Buffer.from("other:o").toString("base64")}` };
  for (const answer of [
    await refresh("unknown-r"),
    await refresh(access_token),
    await refresh(refresh_token, other),
  ]) {
    assert.equal(answer.status, 401);
    assert.equal(answer.error, "invalid_token");
  }

  await pass(clock, 30 * 24 * 3_600_000);
  assert.equal((await refresh(refresh_token)).status, 401);
});

test("logging out ends the session: its refresh token and its access tokens are dead", async () => {
  const { login, token, call } = await running();
  const mine = await login();
  const another = await login();
  const jti = decodeJwt(mine.access_token).jti ?? "";

  const revoked = await call("DELETE", `/oauth/token/revoke/${jti}`, `bearer ${mine.access_token}`);

  assert.equal(revoked.status, 200);
  const refresh = (value: string) => token({ grant_type: "refresh_token", refresh_token: value });
  assert.equal((await refresh(mine.refresh_token)).status, 401);
  assert.equal((await call("GET", "/Users", mine.access_token)).status, 401);
  assert.equal((await refresh(another.refresh_token)).status, 200);
});

test("a user cannot end another's session", async () => {
  const { login, call } = await running();
  const root = await login();
  await call("POST", "/Users", root.access_token, newUser("ann", "pw"));
  const ann = await login("ann", "pw");

  const jti = decodeJwt(root.access_token).jti ?? "";
  assert.equal((await call("DELETE", `/oauth/token/revoke/${jti}`, ann.access_token)).status, 404);
  assert.equal((await call("GET", "/Users", root.access_token)).status, 200);
});

test("a user changes the own password with the old one, and all earlier sessions end", async () => {
  const { login, token, call } = await running();
  const { access_token: root } = await login();
  const made = await call("POST", "/Users", root, newUser("ann", "old"));
  const ann = await login("ann", "old");
  const change = (message: object) =>
    call("PUT", `/Users/${made.body.id}/password`, ann.access_token, message);

  assert.equal((await change({ oldPassword: "wrong", password: "new" })).status, 401);
  assert.equal((await change({ oldPassword: "old", password: "old" })).status, 422);
  assert.equal((await change({ oldPassword: "old", password: "new" })).status, 200);

  assert.equal((await login("ann", "old")).status, 401);
  assert.equal((await login("ann", "new")).status, 200);
  const refreshed = await token({ grant_type: "refresh_token", refresh_token: ann.refresh_token });
  assert.equal(refreshed.status, 401);
});

test("a user who is deleted is out at once", async () => {
  const { login, token, call } = await running();
  const { access_token: root } = await login();
  const made = await call("POST", "/Users", root, newUser("ann", "pw"));
  const ann = await login("ann", "pw");

  const deleted = await call("DELETE", `/Users/${made.body.id}`, root);

  assert.equal(deleted.status, 200);
  assert.equal(deleted.body.id, made.body.id);
  assert.equal((await login("ann", "pw")).status, 401);
  const refreshed = await token({ grant_type: "refresh_token", refresh_token: ann.refresh_token });
  assert.equal(refreshed.status, 401);
});

test("client credentials give a client its own long-lived token, without a user", async () => {
  const { token, call } = await running({ adminClientSecret: "top" });

  const answer = await token(
    { grant_type: "client_credentials", client_id: "admin", client_secret: "top" },
    {},
  );

  assert.equal(answer.status, 200);
  assert.equal(answer.refresh_token, undefined);
  assert.ok(answer.expires_in >= 3_600);
  const claims = decodeJwt(answer.access_token);
  assert.equal(claims["user_name"], undefined);
  assert.equal(claims["client_id"], "admin");
  assert.equal((await call("GET", "/oauth/clients/cf", answer.access_token)).body.client_id, "cf");
  assert.equal((await call("GET", "/oauth/clients/none", answer.access_token)).status, 404);
});

for (const [what, form, headers, status, error] of [
  ["no grant type", {}, cfClient, 400, "invalid_request"],
  ["an unknown grant type", { grant_type: "magic" }, cfClient, 400, "unsupported_grant_type"],
  [
    "an unknown client",
    { grant_type: "password", username: "admin", password: admin.password },
    { authorization: `Basic ${Buffer.from("nobody:").toString("base64")}` },
    401,
    "invalid_client",
  ],
  [
    "a secret for the public client",
    { grant_type: "password", username: "admin", password: admin.password },
    { authorization: `Basic ${Buffer.from("cf:x").toString("base64")}` },
    401,
    "invalid_client",
  ],
  [
    "no client",
    { grant_type: "password", username: "a", password: "b" },
    {},
    401,
    "invalid_client",
  ],
  [
    "a broken Basic header",
    { grant_type: "password" },
    { authorization: "Basic ***" },
    401,
    "invalid_client",
  ],
  [
    "a grant that the client may not use",
    { grant_type: "client_credentials" },
    cfClient,
    401,
    "invalid_client",
  ],
  ["no password", { grant_type: "password", username: "admin" }, cfClient, 401, "invalid_client"],
  [
    "a scope that the user has not",
    { grant_type: "password", username: "admin", password: admin.password, scope: "uaa.admin" },
    cfClient,
    400,
    "invalid_scope",
  ],
] as const) {
  test(`a token request with ${what} is answered ${status} ${error}`, async () => {
    const { token } = await running();

    const answer = await token({ ...form }, { ...headers });

    assert.equal(answer.status, status);
    assert.equal(answer.error, error);
    assert.equal(typeof answer.error_description, "string");
  });
}

test("no user gets a scope by asking for it, and a megabyte of password is not even read", async () => {
  const { login, token, call } = await running();
  const { access_token: root } = await login();
  await call("POST", "/Users", root, newUser("ann", "pw"));
  const form = { grant_type: "password", username: "ann", password: "pw" };

  for (const scope of [
    "cloud_controller.admin",
    "uaa.admin",
    "openid moon.walk",
    "cloud_controller.*",
  ]) {
    const answer = await token({ ...form, scope });
    assert.equal(answer.status, 400, scope);
    assert.equal(answer.error, "invalid_scope", scope);
    assert.equal(answer.access_token, undefined);
  }
  const narrowed = await token({ ...form, scope: "openid cloud_controller.admin" });
  assert.equal(narrowed.scope, "openid", "what the client may have and she has not is left out");
  const { refresh_token } = await login("ann", "pw");
  const wider = await token({
    grant_type: "refresh_token",
    refresh_token,
    scope: "cloud_controller.admin",
  });
  assert.equal(
    wider.error_description,
    "Unable to narrow the scope of the client authentication to [cloud_controller.admin].",
  );
  const huge = await token({ ...form, password: "x".repeat(1024 * 1024) });
  assert.deepEqual([huge.status, huge.error], [400, "invalid_request"]);
  assert.equal(huge.error_description, "Request body is too large");
  assert.equal((await token(form)).status, 200, "nor does it count as a guess");
});

test("an unknown origin is refused in the words that the official client knows", async () => {
  const { token } = await running();
  const form = { grant_type: "password", username: "admin", password: admin.password };
  const hint = (value: string) => `?login_hint=${encodeURIComponent(value)}`;

  assert.equal((await token(form, cfClient, hint('{"origin":"uaa"}'))).status, 200);
  for (const [text, description] of [
    [
      '{"origin":"ldap"}',
      "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant.",
    ],
    ["nonsense", "The origin provided in the login hint is invalid."],
  ] as const) {
    const answer = await token(form, cfClient, hint(text));
    // With another status or code the client prints the raw answer instead of its own words.
    assert.deepEqual(
      [answer.status, answer.error, answer.error_description],
      [401, "unauthorized", description],
    );
  }
});

test("secrets in the query are refused, and so is a parameter given twice", async () => {
  const { token, url } = await running();

  const inQuery = await token({ grant_type: "password" }, cfClient, "?password=first-password");
  assert.deepEqual([inQuery.status, inQuery.error], [406, "query_string_not_allowed"]);
  const twice = await fetch(`${url}/oauth/token`, {
    method: "POST",
    headers: { ...cfClient, "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=password&username=admin&username=root&password=first-password",
  });
  assert.equal(twice.status, 400);
});

test("no forged, foreign or expired token is taken", async () => {
  const { login, call, clock, url } = await running();
  const { access_token: good, refresh_token: refresh } = await login();
  const elsewhere = await running();
  const foreign = (await elsewhere.login()).access_token;
  const [header = "", payload = "", signature = ""] = good.split(".");
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { kid } = decodeProtectedHeader(good);
  const pem = ((await (await fetch(`${url}/token_key`)).json()) as { value: string }).value;
  const confused = `${encode({ alg: "HS256", kid, typ: "JWT" })}.${payload}`;
  const forged: Record<string, string> = {
    "alg none": `${encode({ alg: "none", kid })}.${payload}.`,
    "alg nOnE": `${encode({ alg: "nOnE", kid })}.${payload}.`,
    "HS256 with the public key": `${confused}.${createHmac("sha256", pem).update(confused).digest("base64url")}`,
    "a changed payload": `${header}.${encode({ ...decodeJwt(good), exp: 9e9 })}.${signature}`,
    "a cut signature": `${header}.${payload}.${signature.slice(0, -8)}`,
    "an unknown kid": `${encode({ alg: "RS256", kid: "../../dev/null" })}.${payload}.${signature}`,
    "a foreign key": foreign,
    "a refresh token": refresh,
    "an extra dot": `${good}.`,
    nothing: "",
  };
  assert.equal((await call("GET", "/Users", good)).status, 200);

  for (const [what, token] of Object.entries(forged)) {
    const answer = await call("GET", "/Users", token);
    assert.equal(answer.status, 401, what);
    assert.equal(answer.body.error, "invalid_token", what);
    assert.match(
      answer.headers.get("www-authenticate") ?? "",
      /^Bearer realm="UAA\/oauth", error="invalid_token"/,
    );
  }

  const twice = await request(`${url}/Users`, {
    headers: ["Authorization", `bearer ${good}`, "Authorization", "bearer other"],
  });
  assert.equal(twice.statusCode, 401, "one header, not one of two");
  await twice.body.dump();

  await pass(clock, 600_000);
  assert.equal((await call("GET", "/Users", good)).status, 401);
});

test("logins and keys outlive a restart, and a new password in the configuration ends the administrator's sessions", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "uaa-"));
  after(() => rm(folder, { recursive: true }));
  const database = await testDatabase(uaaMigrations, path.join(folder, "uaa.db"));
  const before = await start({ database });
  const tokens = await before.login();
  await before.stop();

  const same = await start({ database }, before.clock);
  assert.equal((await same.call("GET", "/Users", tokens.access_token)).status, 200);
  const refresh = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
  assert.equal((await same.token(refresh)).status, 200);
  await same.stop();

  const changed = await running(
    { database, admin: { username: "admin", password: "second-password" } },
    before.clock,
  );
  assert.equal((await changed.token(refresh)).status, 401);
  assert.equal((await changed.login("admin", "first-password")).status, 401);
  assert.equal((await changed.login("admin", "second-password")).status, 200);
});

test("a password that the administrator has changed outlives restarts until the configuration names a new one", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "uaa-"));
  after(() => rm(folder, { recursive: true }));
  const database = await testDatabase(uaaMigrations, path.join(folder, "uaa.db"));
  const before = await start({ database });
  const tokens = await before.login();
  const guid = String(decodeJwt(tokens.access_token)["user_id"]);
  const changed = await before.call("PUT", `/Users/${guid}/password`, tokens.access_token, {
    oldPassword: admin.password,
    password: "own-choice",
  });
  assert.equal(changed.status, 200);
  const { refresh_token } = await before.login("admin", "own-choice");
  await before.stop();

  const same = await start({ database }, before.clock);
  assert.equal((await same.login("admin", "own-choice")).status, 200);
  assert.equal((await same.login()).status, 401);
  await same.stop();

  const told = await start(
    { database, admin: { username: "admin", password: "own-choice" } },
    before.clock,
  );
  const refresh = { grant_type: "refresh_token", refresh_token };
  assert.equal((await told.token(refresh)).status, 200, "nothing has changed, so nobody is out");
  await told.stop();

  const reset = await running({ database }, before.clock);
  assert.equal((await reset.login()).status, 200);
  assert.equal((await reset.login("admin", "own-choice")).status, 401);
});

test("no password and no token is logged", async () => {
  const { login, logger, token } = await running();
  const good = await login();
  await login("admin", "wrong-password-1");
  await token({ grant_type: "refresh_token", refresh_token: "stolen-r" });

  const lines = JSON.stringify(logger.lines);
  for (const text of [admin.password, "wrong-password-1", "stolen-r", good.access_token]) {
    assert.ok(!lines.includes(text));
  }
});

test("a request has an id, the client's own before it, in its answer and in what is logged of it", async () => {
  const { token, logger } = await running();

  const refused = await token(
    { grant_type: "password", username: "admin", password: "wrong" },
    { ...cfClient, "x-vcap-request-id": "mine" },
  );
  const odd = await token({}, { ...cfClient, "x-vcap-request-id": "a b" });

  const requestId = refused.headers.get("x-vcap-request-id") ?? "";
  assert.match(requestId, /^mine::[0-9a-f-]{36}$/);
  assert.match(odd.headers.get("x-vcap-request-id") ?? "", /^[0-9a-f-]{36}$/);
  const [line] = logger.lines.filter(({ event }) => event === "request-refused");
  const { method, path, code } = line?.data ?? {};
  assert.deepEqual(
    { id: line?.data["requestId"], method, path, code },
    { id: requestId, method: "POST", path: "/uaa/oauth/token", code: "invalid_client" },
  );
});
