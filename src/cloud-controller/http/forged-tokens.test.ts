import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, SignJWT } from "jose";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { Caller, TestCloudController } from "../testing/test-cloud-controller.ts";

const invalidAuthToken = {
  errors: [{ code: 1000, title: "CF-InvalidAuthToken", detail: "Invalid Auth Token" }],
};

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("no token is taken that UAA's key has not signed with RS256, whatever its header says", async () => {
  await using cc = await TestCloudController.start();
  await using attacker = await startKeyServer();
  const good = await cc.token({ userGuid: "u1" });
  const [header = "", payload = "", signature = ""] = good.split(".");
  const root = await new Caller(cc.url, undefined).get("/");
  const published = (await (await fetch(`${root.json.links.uaa.href}/token_keys`)).json()) as {
    readonly keys: readonly [{ readonly kty: string; readonly kid: string }];
  };
  const pem = createPublicKey({ key: published.keys[0], format: "jwk" }).export({
    type: "spki",
    format: "pem",
  });
  const { kid } = published.keys[0];
  const confused = `${encode({ alg: "HS256", kid, typ: "JWT" })}.${payload}`;
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, "base64url").toString());
  const signed = (more: object) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid, ...more })
      .sign(attacker.privateKey);
  const flipped = signature.replace(/^./, (first) => (first === "A" ? "B" : "A"));
  const tokens: Record<string, string> = {
    "alg none": `${encode({ alg: "none", kid })}.${payload}.`,
    "alg None": `${encode({ alg: "None", kid })}.${payload}.`,
    "alg nOnE": `${encode({ alg: "nOnE", kid })}.${payload}.`,
    "HS256 with the public key": `${confused}.${createHmac("sha256", pem).update(confused).digest("base64url")}`,
    "a path for a kid": `${encode({ alg: "RS256", kid: "../../dev/null" })}.${payload}.${signature}`,
    "SQL for a kid": `${encode({ alg: "RS256", kid: "' OR 1=1--" })}.${payload}.${signature}`,
    "a URL for a kid": await signed({ kid: attacker.url }),
    "a foreign key": await signed({}),
    "a foreign key by jku": await signed({ jku: attacker.url }),
    "a foreign key by x5u": await signed({ x5u: attacker.url }),
    "a foreign key in the header": await signed({ jwk: attacker.jwk }),
    "a flipped bit": `${header}.${payload}.${flipped}`,
    "another payload": `${header}.${encode({ ...claims, user_id: "u2" })}.${signature}`,
    "a cut signature": `${header}.${payload}.${signature.slice(0, -8)}`,
    "an extra dot": `${good}.`,
    "five parts": `${good}.x.y`,
    "a header that is none": `x.${payload}.${signature}`,
  };

  for (const [what, token] of Object.entries(tokens)) {
    const answer = await new Caller(cc.url, `bearer ${token}`).get("/v3/apps");
    assert.equal(answer.status, 401, what);
    assert.deepEqual(answer.json, invalidAuthToken, what);
  }
  assert.equal(attacker.requests(), 0, "no address in a token is ever followed");
  assert.equal((await new Caller(cc.url, `bearer ${good}`).get("/v3/apps")).status, 200);
});

test("a token of UAA's own is taken in its time alone, for this API alone", async () => {
  await using cc = await TestCloudController.start();
  const now = Math.floor(Date.now() / 1_000);
  const claims: Record<string, Record<string, unknown>> = {
    "expired a second ago": { exp: now - 1 },
    "not valid before a later time": { nbf: now + 90 },
    "issued later than the clocks may differ": { iat: now + 90 },
    "without an end": { exp: undefined },
    "an end that is a text": { exp: String(now + 600) },
    "an end that is no time": { exp: 1e20 },
    "an end that is null": { exp: null },
    "without a beginning": { iat: undefined },
    "for another audience": { aud: ["uaa", "openid"] },
    "for nobody": { aud: undefined },
    "of another issuer": { iss: "http://uaa.example.test/oauth/token" },
    "of no issuer": { iss: undefined },
    "with scopes in a text": { scope: "cloud_controller.admin" },
    "with a user that is none": { user_id: { $ne: "" } },
  };

  for (const [what, payload] of Object.entries(claims)) {
    const answer = await (await cc.as({ userGuid: "u1", payload })).get("/v3/apps");
    assert.equal(answer.status, 401, what);
    assert.deepEqual(answer.json, invalidAuthToken, what);
  }
  const near = await cc.as({ userGuid: "u1", payload: { iat: now + 30 } });
  assert.equal((await near.get("/v3/apps")).status, 200);
});

test("one Authorization header is read, not one of two, and none that is larger than headers may be", async () => {
  await using cc = await TestCloudController.start();
  const good = `bearer ${await cc.token({ userGuid: "u1" })}`;

  assert.equal(await statusOf(cc.url, [good]), 200);
  assert.equal(await statusOf(cc.url, [good, "bearer other"]), 401);
  assert.equal(await statusOf(cc.url, ["bearer other", good]), 401);
  assert.equal(await statusOf(cc.url, [`bearer ${"x".repeat(20_000)}`]), 431);
});

test("what a token's user may do ends with the role, and all of it with the user", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const path = `/v3/spaces/${place.spaceGuid}`;
  assert.equal((await developer.get(path)).status, 200);

  const roles = await admin.get("/v3/roles?user_guids=dev-guid&types=space_developer");
  await admin.job(await admin.delete(`/v3/roles/${roles.json.resources[0].guid}`));
  assert.equal((await developer.get(path)).status, 404);
  assert.equal((await developer.get(`/v3/organizations/${place.organizationGuid}`)).status, 200);

  await admin.job(await admin.delete("/v3/users/dev-guid"));
  const after = await developer.get(`/v3/organizations/${place.organizationGuid}`);
  assert.equal(after.status, 404);
  assert.deepEqual((await developer.get("/v3/organizations")).json.resources, []);
});

test("no token, no signature and no secret of a request is in any line that is logged, or in an event", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("app");
  const found = await developer.packageOf(app, buildZip([{ name: "a", content: "x" }]));
  const build = await developer.build(found.json.guid);
  const callback = bbs.taskMap.get(build.json.guid)?.definition.completionCallbackUrl ?? "";
  const { searchParams } = new URL(callback);
  const token = await cc.token({ userGuid: "u1" });
  const secrets = [token, searchParams.get("signature") ?? "", "hunter2", "forged.token.text"];

  await cc.cell("POST", callback.replace(build.json.guid, "other"), "{}");
  await cc.cell("POST", callback, "no JSON");
  await new Caller(cc.url, `bearer ${token}`).get(`/v3/apps?names=${"hunter2"}`);
  await new Caller(cc.url, "bearer forged.token.text").get("/v3/apps");
  const variables = { var: { PASSWORD: "hunter2", "BAD=": "hunter2" } };
  await developer.caller.patch(`/v3/apps/${app}/environment_variables`, variables);
  await developer.caller.patch(`/v3/apps/${app}/environment_variables`, { var: { P: "hunter2" } });
  await developer.caller.patch(`/v3/processes/${app}`, { command: "run --password hunter2" });

  const lines = JSON.stringify(cc.logger.lines);
  const events = (await developer.caller.get("/v3/audit_events")).text;
  assert.ok(cc.logger.lines.length > 5 && lines.includes("request-refused"));
  assert.match(events, /audit\.app\.update/);
  for (const secret of secrets) {
    assert.ok(secret.length > 5);
    assert.ok(!lines.includes(secret), `${secret} is logged`);
    assert.ok(!events.includes(secret), `${secret} is in an event`);
  }
});

/** As many headers as given, each sent as a line of its own. */
async function statusOf(url: string, authorization: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = authorization.flatMap((value) => ["Authorization", value]);
  request(`${url}/v3/apps`, { headers: ["Host", new URL(url).host, ...headers] }, (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  })
    .on("error", reject)
    .end();
  return await promise;
}

/** Keys of somebody who is not UAA, where a token may say that they lie. */
async function startKeyServer() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", alg: "RS256", use: "sig" };
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    privateKey,
    jwk,
    url: `http://127.0.0.1:${port}/token_keys`,
    requests: () => requests,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
