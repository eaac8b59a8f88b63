import assert from "node:assert/strict";
import { test } from "node:test";
import { Caller, TestCloudController } from "../testing/test-cloud-controller.ts";

test("a request without a token, with a bad one or with the wrong scope is refused", async () => {
  await using cc = await TestCloudController.start();
  const good = await cc.token({ userGuid: "u1" });
  const [header = "", payload = "", signature = ""] = good.split(".");
  const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
  const cases: [string, string | undefined, number, number][] = [
    ["no header", undefined, 401, 10002],
    ["empty bearer", "bearer ", 401, 1000],
    ["basic", "Basic Y2Y6", 401, 1000],
    ["garbage", "bearer abc", 401, 1000],
    ["alg none", `bearer ${none}.${payload}.`, 401, 1000],
    ["no signature", `bearer ${header}.${payload}.`, 401, 1000],
    ["another payload", `bearer ${header}.${header}.${signature}`, 401, 1000],
    ["expired", `bearer ${await cc.token({ userGuid: "u1", expiresInSeconds: -1 })}`, 401, 1000],
    ["other audience", `bearer ${await cc.token({ userGuid: "u1", audience: "x" })}`, 401, 1000],
    ["other issuer", `bearer ${await cc.token({ userGuid: "u1", issuer: "http://x" })}`, 401, 1000],
    ["of later", `bearer ${await cc.token({ userGuid: "u1", issuedInSeconds: 90 })}`, 401, 1000],
    ["no scope", `bearer ${await cc.token({ userGuid: "u1", scopes: ["openid"] })}`, 403, 10003],
  ];

  for (const [name, authorization, status, code] of cases) {
    const answer = await new Caller(cc.url, authorization).get("/v3/jobs/x");
    assert.equal(answer.status, status, name);
    assert.equal(answer.json.errors[0].code, code, name);
  }

  const accepted = await new Caller(cc.url, `bearer ${good}`).get("/v3/jobs/x");
  assert.equal(accepted.status, 404);
  assert.deepEqual(accepted.json, {
    errors: [{ code: 10010, title: "CF-ResourceNotFound", detail: "Job not found" }],
  });
});

test("an unknown route is Cloud Controller's 404, and every answer carries a request id", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  const answer = await admin.send("GET", "/v3/nonsense", undefined, {
    "x-vcap-request-id": "mine",
  });

  assert.equal(answer.status, 404);
  assert.equal(answer.json.errors[0].detail, "Unknown request");
  assert.match(String(answer.headers["x-vcap-request-id"]), /^mine::[0-9a-f-]{36}$/);
});
