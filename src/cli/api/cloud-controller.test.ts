import assert from "node:assert/strict";
import { test } from "node:test";
import { accessToken, startStub } from "../testing/answers.ts";
import { isInsecure } from "./root.ts";
import { TestUser } from "../testing/run-in-test.ts";
import { resources, v3Error } from "../testing/stub-cloud-foundry.ts";

test("requests carry what the official client sends", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  await user.run(["stop", "web-app"]);

  const { headers, query } = stub.request("GET /v3/apps");
  assert.match(headers["user-agent"] ?? "", /^rivera\/\d/);
  assert.equal(headers["authorization"], `bearer ${accessToken()}`);
  assert.match(String(headers["x-b3-traceid"]), /^[0-9a-f]{32}$/);
  assert.match(String(headers["x-b3-spanid"]), /^[0-9a-f]{16}$/);
  assert.equal(query.toString(), "names=web-app&space_guids=space-guid");
  const action = stub.request("POST /v3/apps/app-guid/actions/stop").headers;
  assert.deepEqual([action["content-type"], action["content-length"]], ["application/json", "0"]);
});

test("lists are read to their last page", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/organizations/, ({ query }) => ({
    json:
      query.get("page") === "2"
        ? { pagination: { next: null }, resources: [{ guid: "b", name: "second" }] }
        : {
            pagination: { next: { href: `${stub.url}/v3/organizations?page=2` } },
            resources: [{ guid: "a", name: "first" }],
          },
  }));

  const { out } = await user.run(["orgs"]);

  assert.match(out, /name\nfirst\nsecond\n$/);
});

test("a token with less than a minute to live is refreshed before the request, and kept", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const config = await user.config();
  config.setTokens({ accessToken: `bearer ${accessToken(1_000)}`, refreshToken: "old-refresh" });
  await config.save();

  const { code } = await user.run(["stop", "web-app"]);

  assert.equal(code, 0);
  const refresh = stub.request("POST /uaa/oauth/token");
  assert.equal(refresh.headers["authorization"], "Basic Y2Y6");
  assert.equal(refresh.body.toString(), "grant_type=refresh_token&refresh_token=old-refresh");
  assert.equal(stub.request("GET /v3/apps").headers["authorization"], `bearer ${accessToken()}`);
  assert.equal((await user.config()).values.AccessToken, `bearer ${accessToken()}`);
});

test("a refresh token that no longer counts asks for a new login", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const config = await user.config();
  config.setTokens({ accessToken: `bearer ${accessToken(1_000)}`, refreshToken: "revoked" });
  await config.save();
  stub.on(/POST \/uaa\/oauth\/token/, () => ({
    status: 401,
    json: { error: "invalid_token", error_description: "revoked" },
  }));

  const { code, err } = await user.run(["apps"]);

  assert.equal(code, 1);
  assert.equal(
    err,
    "The token expired, was revoked, or the token ID is incorrect. Please log back in to re-authenticate.\n",
  );
});

test("a GET that meets a 503 is sent up to three times, a POST once", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  let failures = 0;
  stub
    .on(/GET \/v3\/apps/, () => {
      failures += 1;
      return failures <= 2
        ? v3Error(503, "busy")
        : resources({ guid: "g", name: "a", state: "STARTED" });
    })
    .on(/POST \/v3\/apps\/g\/actions\/stop/, () => v3Error(503, "too busy"));

  const { code, err } = await user.run(["stop", "a"]);

  assert.deepEqual([code, err], [1, "too busy\n"]);
  assert.equal(stub.lines().filter((line) => line.startsWith("POST")).length, 1);
});

test("warnings of the API are shown on stderr", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/organizations/, () => ({
    ...resources({ guid: "a", name: "first" }),
    headers: { "x-cf-warnings": "be%20careful%2C+please,again" },
  }));

  const { err } = await user.run(["orgs"]);

  assert.equal(err, "be careful, please\nagain\n");
});

test("refusals are worded as the official client words them", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  const several = {
    status: 422,
    json: { errors: [{ detail: "one is wrong" }, { detail: "two is wrong" }] },
  };
  const cases = [
    [
      v3Error(403, "You are not authorized to perform the requested action"),
      "You are not authorized to perform the requested action",
    ],
    [several, "Multiple errors occurred:\n- one is wrong\n- two is wrong"],
    [
      v3Error(404, "Unknown request"),
      `API endpoint not found at '${stub.url}/v3/organizations?order_by=name'`,
    ],
    [
      { status: 400, text: "<html>" },
      "Error unmarshalling the following into a cloud controller error: <html>",
    ],
    [
      { status: 500, text: "boom", headers: { "x-vcap-request-id": "req-1" } },
      "Unexpected Response\nResponse Code: 500\nRequest ID:    req-1\nCode: 0, Title: , Detail: boom",
    ],
  ] as const;
  for (const [answer, message] of cases) {
    stub.on(/GET \/v3\/organizations/, () => answer);
    const { code, out, err } = await user.run(["orgs"]);
    assert.deepEqual([code, err], [1, `${message}\n`]);
    assert.match(out, /FAILED\n$/);
  }
});

test("an answer of another form is named, with what is wrong in it", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);
  stub.on(/GET \/v3\/organizations/, () => ({ json: { resources: [{ name: 5 }] } }));

  const { code, err } = await user.run(["orgs"]);

  assert.equal(code, 1);
  assert.match(err, /answer to \/v3\/organizations has a form .* resources\.0\.guid/);
});

test("no API at the address is told in one line that names it and the mend", async () => {
  await using user = await TestUser.loggedIn("http://127.0.0.1:1");

  const { code, out, err } = await user.run(["orgs"]);

  assert.equal(code, 1);
  assert.equal(
    err,
    "Cannot reach the API at http://127.0.0.1:1: connection refused. Is `rivera up` running?\n",
  );
  assert.match(out, /FAILED\n$/);
});

test("an address that takes https for http is told so", async () => {
  await using stub = await startStub();
  await using user = await TestUser.create();

  const { code, err } = await user.run(["api", stub.url.replace("http:", "https:")]);

  assert.equal(code, 1);
  assert.match(err, /^Cannot reach the API at https:.*: it does not speak TLS\./);
});

test("plain HTTP is warned of where it leaves the machine", () => {
  for (const api of ["http://api.example.com", "http://localhost.example.com", "http://10.0.0.1"]) {
    assert.ok(isInsecure(api), api);
  }
  for (const api of ["https://api.example.com", "http://127.0.0.1:9080", "http://localhost:9080"]) {
    assert.ok(!isInsecure(api), api);
  }
});

test("-v shows requests and answers without their secrets", async () => {
  await using stub = await startStub();
  await using user = await TestUser.loggedIn(stub.url);

  const { out } = await user.run(["-v", "orgs"]);

  assert.match(
    out,
    /REQUEST: \[.*\]\nGET \/v3\/organizations\?order_by=name HTTP\/1\.1\nHost: 127/,
  );
  assert.match(out, /Authorization: \[PRIVATE DATA HIDDEN\]/);
  assert.match(out, /RESPONSE: \[.*\]\nHTTP\/1\.1 200 OK/);
  assert.doesNotMatch(out, /bearer/);
});
