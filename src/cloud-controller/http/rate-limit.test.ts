import assert from "node:assert/strict";
import { test } from "node:test";
import { Caller, TestCloudController } from "../testing/test-cloud-controller.ts";

const rateLimits = { general: 3, unauthenticated: 2, intervalMinutes: 60 };

test("a user beyond the limit is refused until the interval is over; others, admins and the roots are not", async () => {
  await using cc = await TestCloudController.start({ config: { rateLimits } });
  const user = await cc.as({ userGuid: "u1" });
  const other = await cc.as({ userGuid: "u2" });
  const admin = await cc.admin();

  const answers = [];
  for (let round = 0; round < 4; round += 1) answers.push(await user.get("/v3/apps"));
  const last = answers.at(-1);

  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers["x-ratelimit-remaining"]]),
    [
      [200, "2"],
      [200, "1"],
      [200, "0"],
      [429, "0"],
    ],
  );
  assert.deepEqual(last?.json.errors, [
    { code: 10013, title: "CF-RateLimitExceeded", detail: "Rate Limit Exceeded" },
  ]);
  assert.equal(last?.headers["x-ratelimit-limit"], "3");
  assert.match(String(last?.headers["retry-after"]), /^\d+$/);
  assert.equal((await other.get("/v3/apps")).status, 200);
  for (let round = 0; round < 5; round += 1) {
    const answer = await admin.get("/v3/apps");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["x-ratelimit-limit"], undefined);
    assert.equal((await user.get("/v3")).status, 200);
  }
});

test("requests without a token are counted by address, and a bad token stays a bad token", async () => {
  await using cc = await TestCloudController.start({ config: { rateLimits } });
  const nobody = new Caller(cc.url, undefined);
  const forged = new Caller(cc.url, "bearer abc");

  const statuses = [];
  for (const path of ["/v3/info", "/v3/apps", "/v3/apps", "/v3/info", "/", "/healthz"]) {
    statuses.push((await nobody.get(path)).status);
  }
  const refused = await nobody.get("/v3/apps");

  assert.deepEqual(statuses, [200, 401, 429, 429, 200, 200]);
  assert.equal(refused.json.errors[0].code, 10014);
  assert.equal(refused.json.errors[0].title, "CF-IPBasedRateLimitExceeded");
  assert.equal((await forged.get("/v3/apps")).status, 401);
});

test("nothing is limited or told of where no limit is set", async () => {
  await using cc = await TestCloudController.start();
  const user = await cc.as({ userGuid: "u1" });

  const answer = await user.get("/v3/apps");
  const info = (await user.get("/v3/info")).json;

  assert.equal(answer.headers["x-ratelimit-limit"], undefined);
  assert.equal(info.rate_limits.enabled, false);
});
