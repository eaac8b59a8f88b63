import assert from "node:assert/strict";
import { test } from "node:test";
import { running } from "../testing/test-uaa.ts";

const message = {
  client_id: "ci",
  client_secret: "s3cret",
  authorized_grant_types: ["client_credentials"],
  authorities: ["cloud_controller.read"],
  scope: "uaa.none",
};

function asClient(client_id: string, client_secret: string) {
  return { grant_type: "client_credentials", client_id, client_secret };
}

test("an administrator makes a client, which logs in, is changed, gets another secret, and goes", async () => {
  const { call, adminToken, token } = await running();
  const bearer = await adminToken();

  const made = await call("POST", "/oauth/clients", bearer, message);
  assert.equal(made.status, 201);
  assert.deepEqual(made.body["authorized_grant_types"], ["client_credentials"]);
  assert.deepEqual(made.body["scope"], ["uaa.none"]);
  assert.ok(!/secret|scrypt/.test(JSON.stringify(made.body)), "nothing of the secret");
  const again = await call("POST", "/oauth/clients", bearer, message);
  assert.equal(again.status, 409);
  assert.equal(again.body["error_description"], "Client already exists: ci");
  const first = await token(asClient("ci", "s3cret"), {});
  assert.equal(first.scope, "cloud_controller.read");
  assert.equal((await token(asClient("ci", "guess"), {})).status, 401);
  assert.equal((await token(asClient("ci", ""), {})).status, 401);

  const { client_secret: _secret, ...rest } = message;
  const change = { ...rest, authorities: ["clients.read"], access_token_validity: 60 };
  assert.equal((await call("PUT", "/oauth/clients/ci", bearer, change)).status, 200);
  const second = await token(asClient("ci", "s3cret"), {});
  assert.equal(second.expires_in, 60);
  assert.equal((await call("GET", "/oauth/clients/ci", second.access_token)).status, 200);

  const secret = await call("PUT", "/oauth/clients/ci/secret", bearer, { secret: "another" });
  assert.equal(secret.status, 200);
  assert.equal((await token(asClient("ci", "s3cret"), {})).status, 401);
  const old = await call("GET", "/oauth/clients/ci", second.access_token);
  assert.equal(old.status, 401, "a token from before the new secret is dead");
  const third = await token(asClient("ci", "another"), {});
  assert.equal((await call("GET", "/oauth/clients/ci", third.access_token)).status, 200);

  assert.equal((await call("DELETE", "/oauth/clients/ci", bearer)).status, 200);
  assert.equal((await call("GET", "/oauth/clients/ci", bearer)).status, 404);
  assert.equal((await call("GET", "/oauth/clients/cf", third.access_token)).status, 401);
});

test("a client changes from one secret to another while both hold", async () => {
  const { call, adminToken, token } = await running();
  const bearer = await adminToken();
  await call("POST", "/oauth/clients", bearer, message);
  const change = async (body: object) => {
    const answer = await call("PUT", "/oauth/clients/ci/secret", bearer, body);
    return answer.body["message"] ?? answer.body["error_description"];
  };
  const holds = async (secret: string) => (await token(asClient("ci", secret), {})).status === 200;
  const second = { changeMode: "ADD", secret: "second" };
  await call("PUT", "/oauth/clients/ci", bearer, { ...message, authorities: ["clients.read"] });
  const before = (await token(asClient("ci", "s3cret"), {})).access_token;
  const isAlive = async (of: string) => (await call("GET", "/oauth/clients/ci", of)).status === 200;

  assert.equal(
    await change({ changeMode: "DELETE" }),
    "client secret is either empty or client has only one secret.",
  );
  assert.equal(await change(second), "Secret is added");
  assert.deepEqual([await holds("s3cret"), await holds("second")], [true, true]);
  const between = (await token(asClient("ci", "s3cret"), {})).access_token;
  assert.deepEqual([await isAlive(before), await isAlive(between)], [true, true]);
  assert.equal(
    await change({ ...second, secret: "third" }),
    "client secret is either empty or client already has two secrets.",
  );
  assert.equal(await change({ changeMode: "DELETE" }), "Secret is deleted");
  assert.deepEqual([await holds("s3cret"), await holds("second")], [false, true]);
  assert.deepEqual([await isAlive(before), await isAlive(between)], [false, true]);
});

test("a client that logs users in may refresh their tokens", async () => {
  const { call, adminToken } = await running();
  for (const [type, extra] of [
    ["password", {}],
    ["authorization_code", { redirect_uri: ["https://app.example.com/"] }],
  ] as const) {
    const made = await call("POST", "/oauth/clients", await adminToken(), {
      ...message,
      ...extra,
      client_id: type,
      authorized_grant_types: [type],
    });
    assert.deepEqual(made.body["authorized_grant_types"], [type, "refresh_token"], type);
  }
});

test("what makes no client is refused in UAA's words", async () => {
  const { call, adminToken } = await running();
  const bearer = await adminToken();
  const grants =
    "[authorization_code, client_credentials, password, refresh_token, urn:ietf:params:oauth:grant-type:jwt-bearer]";

  for (const [over, description] of [
    [{ client_id: "a/b" }, "Not allowed characters: a/b must not contain any of [/, \\]"],
    [
      { authorized_grant_types: [] },
      `An authorized grant type must be provided. Must be one of: ${grants}`,
    ],
    [
      { authorized_grant_types: ["implicit"] },
      `implicit is not an allowed grant type. Must be one of: ${grants}`,
    ],
    [{ client_secret: "" }, "Client secret is required for client_credentials grant type"],
    [
      { authorized_grant_types: ["authorization_code"] },
      "authorization_code grant type requires at least one redirect URL.",
    ],
    [
      { redirect_uri: ["javascript:alert(1)"] },
      "One of the redirect_uri is invalid: javascript:alert(1)",
    ],
  ] as const) {
    const answer = await call("POST", "/oauth/clients", bearer, { ...message, ...over });
    assert.equal(answer.status, 400, description);
    assert.equal(answer.body.error, "invalid_client");
    assert.equal(answer.body["error_description"], description);
  }
});

test("a public client does not become one that speaks for itself", async () => {
  const { call, adminToken } = await running();

  const answer = await call("PUT", "/oauth/clients/cf", await adminToken(), {
    client_id: "cf",
    authorized_grant_types: ["client_credentials"],
    authorities: ["cloud_controller.admin"],
  });

  assert.equal(answer.status, 400);
  assert.equal(
    answer.body["error_description"],
    "Client secret is required for client_credentials grant type",
  );
});

test("clients.write alone makes no client that can do more than its maker", async () => {
  const { call, adminToken, token } = await running();
  const maker = { ...message, authorities: ["clients.write", "clients.secret"] };
  await call("POST", "/oauth/clients", await adminToken(), maker);
  const { access_token: bearer } = await token(asClient("ci", "s3cret"), {});
  const make = (client: object) =>
    call("POST", "/oauth/clients", bearer, { ...message, client_id: "x", ...client });

  assert.equal((await make({ authorities: ["uaa.admin"] })).status, 400);
  assert.equal((await make({ authorities: [], scope: ["scim.write"] })).status, 400);
  assert.equal((await make({ authorities: ["uaa.resource"] })).status, 201);
  const foreign = await call("PUT", "/oauth/clients/x/secret", bearer, { secret: "y" });
  assert.equal(foreign.status, 400);
  const own = (oldSecret: string) =>
    call("PUT", "/oauth/clients/ci/secret", bearer, { oldSecret, secret: "new" });
  assert.equal((await own("guess")).status, 400);
  assert.equal((await own("s3cret")).status, 200);
});

test("the list of clients has the configured ones, and users without clients.read do not see it", async () => {
  const { call, adminToken, addUser, login } = await running();
  await addUser("ann", "pw");
  const ids = async (query: string) =>
    (await call("GET", `/oauth/clients?${query}`, await adminToken())).body.resources.map(
      (client) => client["client_id"],
    );

  assert.deepEqual(await ids(""), ["admin", "cf", "ssh-proxy"]);
  assert.deepEqual(await ids("sortOrder=descending&count=1"), ["ssh-proxy"]);
  assert.deepEqual(await ids(`filter=${encodeURIComponent('client_id eq "cf"')}`), ["cf"]);
  const { access_token: asAnn } = await login("ann", "pw");
  assert.equal((await call("GET", "/oauth/clients", asAnn)).status, 403);
  assert.equal((await call("GET", "/oauth/clients/cf", asAnn)).status, 403);
});
