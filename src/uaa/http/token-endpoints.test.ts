import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { test } from "node:test";
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT, UnsecuredJWT } from "jose";
import { admin, pass, running } from "../testing/test-uaa.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const adminClient = { client_id: "admin", client_secret: admin.password };

async function uaa() {
  const { url, clock, login, call, token, adminToken, addUser, upkeep } = await running();
  const post = async (path: string, form: Record<string, string>, bearer?: string) => {
    const response = await fetch(url + path, {
      method: "POST",
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      body: new URLSearchParams(form),
    });
    return {
      status: response.status,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  return { url, clock, login, call, token, adminToken, addUser, upkeep, post };
}

test("check_token and introspect tell a service about tokens, as long as they are good", async () => {
  const { login, post, call, adminToken } = await uaa();
  const { access_token: token } = await login();

  const good = await post("/check_token", { token, ...adminClient });
  assert.equal(good.status, 200);
  assert.equal(good.body["user_name"], "admin");
  const introspected = await post("/introspect", { token }, await adminToken());
  assert.equal(introspected.body["active"], true);
  const scopes = await post("/check_token", { token, scopes: "openid,moon.walk", ...adminClient });
  assert.equal(scopes.body["error_description"], "Some requested scopes are missing: moon.walk");

  await call("DELETE", `/oauth/token/revoke/${decodeJwt(token).jti}`, token);
  for (const dead of [token, "nonsense", ""]) {
    const checked = await post("/check_token", { token: dead, ...adminClient });
    assert.equal(checked.status, 400);
    assert.equal(checked.body["error"], "invalid_token");
    const answer = await post("/introspect", { token: dead, ...adminClient });
    assert.deepEqual([answer.status, answer.body], [200, { active: false }]);
  }
});

test("tokens are shown to services alone", async () => {
  const { login, post } = await uaa();
  const { access_token: token } = await login();

  assert.equal((await post("/introspect", { token })).status, 401);
  assert.equal((await post("/introspect", { token, client_id: "cf" })).status, 403);
  assert.equal((await post("/introspect", { token }, token)).status, 403);
});

test("logins are listed, and ended for a user, for a client, or for both", async () => {
  const { url, login, call, token, adminToken, addUser } = await uaa();
  const ann = await addUser("ann", "pw");
  const isAlive = async ({ refresh_token }: { refresh_token: string }) =>
    (await token({ grant_type: "refresh_token", refresh_token })).status === 200;
  const [one, two, root] = [await login("ann", "pw"), await login("ann", "pw"), await login()];

  const response = await fetch(`${url}/oauth/token/list`, {
    headers: { authorization: `bearer ${one.access_token}` },
  });
  const own = (await response.json()) as { userId: string; clientId: string; value: unknown }[];
  assert.deepEqual(
    own.map(({ userId, clientId, value }) => ({ userId, clientId, value })),
    [1, 2].map(() => ({ userId: ann, clientId: "cf", value: null })),
  );
  assert.equal(
    (await call("GET", `/oauth/token/revoke/user/${ann}`, root.access_token)).status,
    403,
  );
  assert.equal(
    (await call("GET", `/oauth/token/revoke/user/${ann}`, one.access_token)).status,
    200,
  );
  assert.deepEqual(
    [await isAlive(one), await isAlive(two), await isAlive(root)],
    [false, false, true],
  );

  const three = await login("ann", "pw");
  const ended = await call("GET", `/oauth/token/revoke/user/${ann}/client/cf`, await adminToken());
  assert.equal(ended.status, 200);
  assert.equal(await isAlive(three), false);

  const client = await adminToken();
  assert.equal((await call("GET", "/oauth/token/revoke/client/cf", client)).status, 200);
  assert.equal(await isAlive(root), false);
  assert.equal((await call("GET", "/oauth/token/revoke/client/admin", client)).status, 200);
  assert.equal((await call("GET", "/Users", client)).status, 401, "its own token is dead, too");
  const missing = await call("GET", "/oauth/token/revoke/client/none", await adminToken());
  assert.deepEqual(
    [missing.status, missing.body.error, missing.body["error_description"]],
    [404, "invalid_token", "Resource not found"],
  );
});

test("an ID token gets its user a token of a client for that, until the password changes", async () => {
  const { login, call, token, adminToken, addUser, clock } = await uaa();
  const guid = await addUser("ann", "pw");
  await call("POST", "/oauth/clients", await adminToken(), {
    client_id: "portal",
    client_secret: "p",
    authorized_grant_types: [jwtBearer, "refresh_token"],
    scope: ["cloud_controller.read", "openid"],
  });
  const { id_token, access_token } = await login("ann", "pw");
  const exchange = (assertion: string, client = { client_id: "portal", client_secret: "p" }) =>
    token({ grant_type: jwtBearer, assertion, ...client }, {});

  const answer = await exchange(id_token);
  assert.equal(answer.status, 200);
  assert.equal(answer.scope, "cloud_controller.read openid");
  assert.equal(decodeJwt(answer.access_token)["user_name"], "ann");
  assert.ok(answer.refresh_token);
  assert.equal((await exchange(access_token)).status, 200);
  const refusals = async (
    assertion: string,
    client?: { client_id: string; client_secret: string },
  ) => {
    const { status, error, error_description } = await exchange(assertion, client);
    return [status, error, error_description];
  };
  const byCf = await refusals(id_token, { client_id: "cf", client_secret: "" });
  assert.deepEqual(byCf, [401, "invalid_client", "Unauthorized grant type"]);
  const [header = "", payload = ""] = id_token.split(".");
  const dead = "The token expired, was revoked, or the token ID is incorrect.";
  assert.deepEqual(await refusals(`${header}.${payload}.AAAA`), [401, "invalid_token", dead]);
  const unmapped = (issuer: string) =>
    `Unable to map issuer, ${issuer} , to a single registered provider`;
  const issuedBy = (iss?: string) =>
    new UnsecuredJWT({ origin: "uaa", ...(iss === undefined ? {} : { iss }) }).encode();
  for (const [assertion, description] of [
    ["nonsense", "Unable to decode expected id_token"],
    [issuedBy(), "Issuer is missing in id_token"],
    [issuedBy("https://login.example.com"), unmapped("https://login.example.com")],
    [await adminToken(), unmapped(decodeJwt(access_token).iss ?? "")],
  ] as const) {
    assert.deepEqual(await refusals(assertion), [401, "unauthorized", description]);
  }
  assert.equal((await call("GET", `/Users/${guid}`, id_token)).status, 401, "no access token");

  await pass(clock, 1_000);
  await call("PUT", `/Users/${guid}/password`, await adminToken(), { password: "other" });
  assert.equal((await exchange(id_token)).status, 401);
  assert.equal((await exchange(access_token)).status, 401);
});

test("a client shows who it is with its own key in place of a secret", async () => {
  const { call, token, adminToken, clock } = await uaa();
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
  await call("POST", "/oauth/clients", await adminToken(), {
    client_id: "robot",
    authorized_grant_types: ["client_credentials"],
    authorities: ["cloud_controller.read"],
    jwks: { keys: [jwk] },
  });
  const now = Math.floor(clock.now().getTime() / 1_000);
  const good = {
    iss: "robot",
    sub: "robot",
    aud: "http://127.0.0.1:9/uaa/oauth/token",
    exp: now + 60,
    jti: randomUUID(),
  };
  const login = async (claims: object, key = privateKey) => {
    const client_assertion = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .sign(key);
    const client_assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    return token({ grant_type: "client_credentials", client_assertion, client_assertion_type }, {});
  };

  assert.equal((await login(good)).status, 200);
  const { exp: _exp, ...eternal } = good;
  for (const claims of [
    { ...good, exp: now - 1 },
    eternal,
    { ...good, aud: "https://elsewhere.example.com" },
    { ...good, iss: "other" },
    { ...good, sub: "admin", iss: "admin" },
  ]) {
    const answer = await login(claims);
    assert.equal(answer.status, 401, JSON.stringify(claims));
    assert.equal(answer.error, "invalid_client");
  }
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const answer = await login(good, stranger);
  assert.equal(answer.error_description, "Unauthorized client_assertion");
  const bySecret = await token(
    { grant_type: "client_credentials", client_id: "robot", client_secret: "" },
    {},
  );
  assert.equal(bySecret.status, 401, "having no secret is no way in");
});

test("a rotated key takes over after a minute; tokens of the old one stay good until they have expired", async () => {
  const { url, clock, login, call, adminToken, upkeep } = await uaa();
  const published = async () => {
    const { keys } = (await (await fetch(`${url}/token_keys`)).json()) as {
      keys: { kid: string }[];
    };
    return keys.map(({ kid }) => kid);
  };
  const kidOf = ({ access_token }: { access_token: string }) =>
    decodeProtectedHeader(access_token).kid ?? "";
  const before = await login();

  const rotated = await call("POST", "/rivera/v1/signing-keys", await adminToken(), {});
  assert.equal(rotated.status, 201);
  const [first, second] = await published();
  assert.equal(rotated.body["kid"], second);
  assert.equal(kidOf(await login()), first, "published, but not yet signing");
  await pass(clock, 60_000);
  assert.equal(kidOf(await login()), second);
  assert.equal((await call("GET", "/Users", before.access_token)).status, 200);

  await pass(clock, 23 * 3_600_000);
  assert.deepEqual(await published(), [first, second]);
  await pass(clock, 2 * 3_600_000);
  await upkeep();
  assert.deepEqual(await published(), [second]);
  const { access_token: asUser } = await login();
  assert.equal((await call("POST", "/rivera/v1/signing-keys", asUser, {})).status, 403);
});

test("the clean-up runs by itself, and operators alone see what its last run did", async () => {
  const { url, login, upkeep } = await uaa();

  const status = await upkeep();
  const { access_token: asUser } = await login();

  assert.equal(status.lastError, undefined);
  assert.deepEqual(status.lastResult, {
    sessions: 0,
    codes: 0,
    webSessions: 0,
    loginFailures: 0,
    signingKeys: 0,
  });
  assert.equal((await fetch(`${url}/rivera/v1/loops`)).status, 401);
  const headers = { authorization: `bearer ${asUser}` };
  assert.equal((await fetch(`${url}/rivera/v1/loops`, { headers })).status, 403);
});

test("OpenID Connect's discovery stands at both of UAA's places, and names what is there", async () => {
  const { url } = await uaa();
  const read = async (path: string) =>
    (await (await fetch(`${url}${path}/.well-known/openid-configuration`)).json()) as Record<
      string,
      unknown
    >;

  const configuration = await read("");
  assert.deepEqual(await read("/oauth/token"), configuration);
  for (const [name, method] of [
    ["authorization_endpoint", "GET"],
    ["token_endpoint", "POST"],
    ["userinfo_endpoint", "GET"],
    ["introspection_endpoint", "POST"],
    ["jwks_uri", "GET"],
    ["end_session_endpoint", "GET"],
  ] as const) {
    const place = String(configuration[name]).replace("http://127.0.0.1:9/uaa", url);
    const { status } = await fetch(place, { method, redirect: "manual" });
    assert.notEqual(status, 404, name);
  }
});
