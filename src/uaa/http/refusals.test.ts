import assert from "node:assert/strict";
import { test } from "node:test";
import { running } from "../testing/test-uaa.ts";

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`,
});

test("refusals have UAA's status, code, text and challenge", async () => {
  const { url, adminToken, addUser, login } = await running();
  await addUser("ann", "pw");
  const bearer = (token: string) => ({ authorization: `bearer ${token}` });
  const ann = bearer((await login("ann", "pw")).access_token);
  const cf = basic("cf", "");
  const client = 'Basic realm="UAA/client", error="unauthorized", error_description=';
  const oauth = 'Bearer realm="UAA/oauth", error=';
  const bad = `${client}"Bad credentials"`;
  const full = "Full authentication is required to access this resource";
  const cases: [
    request: string,
    headers: Record<string, string>,
    form: Record<string, string> | undefined,
    answer: [status: number, error: string, description: string],
    challenge?: string,
  ][] = [
    [
      "GET /oauth/token",
      {},
      undefined,
      [405, "method_not_allowed", "Request method 'GET' not supported"],
    ],
    [
      "PUT /introspect",
      {},
      undefined,
      [405, "method_not_allowed", "Request method 'PUT' not supported"],
    ],
    [
      "DELETE /check_token",
      {},
      undefined,
      [405, "method_not_allowed", "Request method 'DELETE' not supported"],
    ],
    ["POST /oauth/token", {}, {}, [401, "invalid_client", "Bad credentials"], bad],
    [
      "POST /oauth/token",
      basic("nobody", ""),
      { grant_type: "moon" },
      [401, "invalid_client", "Bad credentials"],
      bad,
    ],
    ["POST /oauth/token", cf, {}, [400, "invalid_request", "Missing grant type"]],
    [
      "POST /oauth/token",
      cf,
      { grant_type: "moon" },
      [400, "unsupported_grant_type", "Unsupported grant type"],
    ],
    [
      "POST /oauth/token",
      basic("%zz", ""),
      { grant_type: "password" },
      [401, "invalid_client", "Failed to URL Decode credentials"],
      `${client}"Failed to URL Decode credentials"`,
    ],
    [
      "POST /oauth/token",
      cf,
      { grant_type: "password", username: "ann" },
      [401, "invalid_client", "No password supplied"],
      `${client}"No password supplied"`,
    ],
    [
      "POST /oauth/token",
      cf,
      { grant_type: "password", password: "pw" },
      [401, "invalid_client", "Bad credentials"],
      bad,
    ],
    [
      "POST /oauth/token",
      cf,
      { grant_type: "refresh_token", refresh_token: "" },
      [400, "invalid_request", "refresh_token parameter not provided"],
    ],
    [
      "GET /Users",
      {},
      undefined,
      [401, "unauthorized", full],
      `${oauth}"unauthorized", error_description="${full}"`,
    ],
    [
      "GET /userinfo",
      cf,
      undefined,
      [401, "unauthorized", full],
      `${oauth}"unauthorized", error_description="${full}"`,
    ],
    [
      "GET /Users",
      ann,
      undefined,
      [403, "insufficient_scope", "Insufficient scope for this resource"],
      `${oauth}"insufficient_scope", error_description="Insufficient scope for this resource"`,
    ],
    [
      "GET /oauth/token/revoke/client/none",
      bearer(await adminToken()),
      undefined,
      [404, "invalid_token", "Resource not found"],
    ],
  ];
  for (const [request, headers, form, answer, challenge] of cases) {
    const [method = "", path = ""] = request.split(" ");
    const body = form === undefined ? {} : { body: new URLSearchParams(form) };
    const response = await fetch(url + path, { method, headers, ...body });
    const { error, error_description: description } = (await response.json()) as {
      error: string;
      error_description: string;
    };
    assert.deepEqual([response.status, error, description], answer, request);
    assert.equal(response.headers.get("www-authenticate"), challenge ?? null, request);
  }
  const refused = await fetch(`${url}/Users`, { headers: ann });
  assert.equal(((await refused.json()) as { scope: string }).scope, "scim.read uaa.admin");
});

test("a client's id and secret come encoded as in a form", async () => {
  const { call, token, adminToken } = await running();
  const secret = "50% + more: ü";
  await call("POST", "/oauth/clients", await adminToken(), {
    client_id: "a b",
    client_secret: secret,
    authorized_grant_types: ["client_credentials"],
    authorities: ["uaa.resource"],
  });
  const grant = { grant_type: "client_credentials" };
  const encoded = (text: string) => new URLSearchParams({ x: text }).toString().slice(2);

  assert.equal((await token(grant, basic(encoded("a b"), encoded(secret)))).status, 200);
  const raw = await token(grant, basic("a b", "50 + more: ü"));
  assert.equal(raw.status, 401);
});

test("ending tokens is answered with nothing, also where there are none", async () => {
  const { url, adminToken, addUser } = await running();
  const ann = await addUser("ann", "pw");
  for (const path of [
    `user/${ann}`,
    `user/${ann}/client/cf`,
    "user/nobody/client/cf",
    "client/cf",
  ]) {
    const response = await fetch(`${url}/oauth/token/revoke/${path}`, {
      headers: { authorization: `bearer ${await adminToken()}` },
    });
    assert.deepEqual([response.status, await response.text()], [200, ""], path);
  }
});
