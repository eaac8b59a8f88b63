import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import { request } from "undici";
import { Developer } from "../testing/developer.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const json = "application/json";

test("a body that is no JSON object is refused before anything looks at it", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const valid = JSON.stringify({ name: "x" });
  const cases: [string, string | Buffer, Record<string, string>, number, number][] = [
    ["malformed", '{"name":', {}, 400, 1001],
    ["null", "null", {}, 400, 1001],
    ["an array", "[]", {}, 400, 1001],
    ["a string", '"x"', {}, 400, 1001],
    ["too deep", nested(65), {}, 400, 1001],
    ["far too deep", nested(100_000), {}, 400, 1001],
    ["deep arrays", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`, {}, 400, 1001],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 1001],
    ["UTF-16", Buffer.from(valid, "utf16le"), {}, 400, 1001],
    ["compressed", gzipSync(valid), { "content-encoding": "gzip" }, 400, 1001],
    ["plain text", valid, { "content-type": "text/plain" }, 400, 1003],
    ["a form", "name=x", { "content-type": "application/x-www-form-urlencoded" }, 400, 1003],
    ["over 1 MiB", `{"name":"${"x".repeat(1024 * 1024)}"}`, {}, 413, 1004],
    ["nothing", "", {}, 422, 10008],
    ["an empty object", "{}", {}, 422, 10008],
    ["a charset", valid, { "content-type": "application/json; charset=utf-8" }, 422, 10008],
    ["a lone surrogate", '{"name":"\\ud800","relationships":{}}', {}, 422, 10008],
    ["a key twice", '{"name":1,"name":"x"}', {}, 422, 10008],
  ];
  for (const [name, body, headers, status, code] of cases) {
    const answer = await admin.send("POST", "/v3/apps", body, { "content-type": json, ...headers });
    assert.equal(answer.status, status, `${name}: ${answer.text.slice(0, 200)}`);
    assert.equal(answer.json.errors[0].code, code, name);
  }
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
});

test("questions about files may be longer than other bodies, and end at 32 MiB", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const ask = (size: number) =>
    admin.post("/v3/resource_matches", `{"resources":"${"x".repeat(size)}"}`);

  const read = await ask(2 * 1024 * 1024);
  assert.deepEqual([read.status, read.json.errors[0].code], [422, 10008]);
  const refused = await ask(32 * 1024 * 1024);
  assert.equal(refused.status, 413);
  assert.deepEqual(refused.json.errors, [
    { code: 1004, title: "CF-PayloadTooLarge", detail: "The request body is too large" },
  ]);
});

test("what is not there is 404 in every disguise, and every method but those of the API too", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("app");
  const { caller } = developer;
  const app = "App not found";
  const unknown = "Unknown request";
  const cases: [string, string][] = [
    ["/v3/apps/..%2f..%2fetc%2fpasswd", app],
    ["/v3/apps/%2e%2e%2f", app],
    ["/v3/apps/'%20or%201=1--", app],
    ["/v3/apps/%00", app],
    [`/v3/apps/${guid.toUpperCase()}`, app],
    [`/v3/apps/${guid}%00`, app],
    [`/v3/apps/${"x".repeat(500)}`, app],
    [`/v3/apps/${"x".repeat(10_000)}`, unknown],
    ["/v3/apps/%ff", unknown],
    ["//v3/apps", unknown],
    ["/v3/apps/x/y/z", unknown],
    ["/v2/apps", unknown],
    ["/v3/internal/x", unknown],
    ["/internal/v4/status", unknown],
  ];
  for (const [path, detail] of cases) {
    const answer = await caller.get(path);
    assert.equal(answer.status, 404, `${path} ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail, path);
  }
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = await fetch(`${cc.url}/v3/apps`, { method });
    assert.equal(answer.status, 404, method);
    assert.deepEqual(await answer.json(), {
      errors: [{ code: 10000, title: "CF-NotFound", detail: unknown }],
    });
  }
  assert.deepEqual(await traced(cc.url), [404, ""], "what is asked is not sent back");
  assert.equal((await caller.get("/v3/apps/")).status, 200);
  // Another spelling of the path is the same path, to the check of tokens too.
  assert.equal((await fetch(`${cc.url}/v3/%61pps`)).status, 401);
  assert.equal((await fetch(`${cc.url}/v3/apps`, { method: "HEAD" })).status, 401);
  assert.equal((await caller.get("/v3/%61pps")).status, 200);
});

test("names are kept as they are or refused, and never more than names", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const create = (name: unknown) =>
    admin.post("/v3/apps", { name, relationships: { space: { data: { guid: spaceGuid } } } });
  const kept = [
    "' OR 1=1--",
    "../../x",
    "<script>alert(1)</script>",
    "%00",
    "-rf",
    ".",
    "CON",
    "😀".repeat(120),
    "\u202Ereversed",
    "a,b",
    "x".repeat(255),
  ];
  const refused: [unknown, string][] = [
    ["line\nbreak", "name format"],
    ["tab\there", "name format"],
    ["bell\u0007", "name format"],
    ["x".repeat(256), "Name is too long (maximum is 255 characters)"],
    ["   ", "name presence, name format"],
    [{}, "Name must be a string"],
    [true, "Name must be a string"],
  ];

  for (const name of kept) {
    const created = await create(name);
    assert.equal(created.status, 201, `${name} ${created.text}`);
    assert.equal(created.json.name, name);
    const filter = encodeURIComponent(name.replaceAll("%", "%25").replaceAll(",", "%2C"));
    const found = await admin.get(`/v3/apps?names=${filter}`);
    assert.deepEqual(
      found.json.resources.map((app: { name: string }) => app.name),
      [name],
    );
  }
  for (const [name, detail] of refused) {
    const answer = await create(name);
    assert.equal(answer.status, 422, JSON.stringify(name));
    assert.equal(answer.json.errors[0].detail, detail);
  }
});

test("a list takes many values, repeated ones and blanks, and an address that is too long is 431", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("app");
  const { caller } = developer;
  const found = async (query: string) => {
    const answer = await caller.get(`/v3/apps?${query}`);
    assert.equal(answer.status, 200, `${query.slice(0, 80)}: ${answer.text}`);
    return answer.json.resources.length;
  };
  const guids = (count: number) =>
    Array.from({ length: count }, (_, n) => `${n}`.padStart(36, "0"));

  assert.equal(await found("names=,,"), 0);
  assert.equal(await found("names=,app,"), 1);
  assert.equal(await found("names=other&names=app"), 1, "the last one counts");
  assert.equal(await found(`guids=${[...guids(350), guid].join(",")}`), 1);
  assert.equal(await found("page=1000000000&per_page=5000"), 0);
  assert.equal((await caller.get(`/v3/apps?guids=${guids(10_000).join(",")}`)).status, 431);
  const refused = await caller.get("/v3/apps?a[b]=c&names[]=app&__proto__[x]=1");
  assert.equal(refused.status, 400);
  assert.match(
    refused.json.errors[0].detail,
    /^The query parameter is invalid: Unknown query parameter\(s\): 'a\[b\]', 'names\[\]', '__proto__\[x\]'\. Valid parameters are: /,
  );
});

test("labels and annotations end where Cloud Controller's do", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const path = `/v3/apps/${await developer.createApp("app")}`;
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]));
  const patch = (metadata: object) => developer.caller.patch(path, { metadata });

  assert.equal((await patch({ labels: many(50), annotations: many(200) })).status, 200);
  for (const [metadata, code, title, detail] of [
    [
      { labels: { more: "x" } },
      390020,
      "CF-LabelLimitExceeded",
      "Failed to add 51 labels because it would exceed maximum of 50",
    ],
    [
      { annotations: { more: "x" } },
      390023,
      "CF-AnnotationLimitExceeded",
      "Failed to add 201 annotations because it would exceed maximum of 200",
    ],
  ] as const) {
    const answer = await patch(metadata);
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.json, { errors: [{ code, title, detail }] });
  }
  assert.equal((await patch({ labels: { k0: null, more: "x" } })).status, 200);
});

test("another page's script gets nothing: no origin is allowed, no cookie is set or read", async () => {
  await using cc = await TestCloudController.start();
  const token = await cc.token({ userGuid: "u" });
  const ask = (headers: Record<string, string>) =>
    fetch(`${cc.url}/v3/apps?callback=steal`, {
      headers: { origin: "http://evil.test", ...headers },
    });

  const byCookie = await ask({ cookie: `token=${token}; Authorization=bearer ${token}` });
  const byHeader = await fetch(`${cc.url}/v3/apps`, {
    headers: { origin: "http://evil.test", authorization: `bearer ${token}` },
  });
  const asScript = await ask({ authorization: `bearer ${token}` });

  assert.equal(byCookie.status, 401);
  assert.equal(byHeader.status, 200);
  assert.equal(asScript.status, 400, "there is no JSONP");
  for (const { headers } of [byCookie, byHeader, asScript]) {
    assert.equal(headers.get("access-control-allow-origin"), null);
    assert.equal(headers.get("access-control-allow-credentials"), null);
    assert.equal(headers.get("set-cookie"), null);
    assert.match(headers.get("content-type") ?? "", /^application\/json/);
  }
});

test("many changes of one app at once are all done, one after the other", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createApp("app");
  const path = `/v3/apps/${guid}/environment_variables`;

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      developer.caller.patch(path, { var: { [`KEY_${n}`]: String(n) } }),
    ),
  );

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const after = await developer.caller.get(path);
  assert.equal(Object.keys(after.json.var).length, 20);
});

test("the id of a request is in its answer and in every line that is logged for it", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  const answer = await admin.send(
    "POST",
    "/v3/apps",
    { name: 1 },
    {
      "x-vcap-request-id": "client-id",
      "x-b3-traceid": "0123456789abcdef0123456789abcdef",
      "x-b3-spanid": "not hex",
    },
  );

  const id = answer.headers["x-vcap-request-id"];
  assert.match(String(id), /^client-id::[0-9a-f-]{36}$/);
  assert.equal(answer.headers["x-b3-traceid"], "0123456789abcdef0123456789abcdef");
  assert.equal(answer.headers["x-b3-spanid"], undefined);
  const lines = cc.logger.lines.filter(({ data }) => data["requestId"] === id);
  assert.deepEqual(lines.map(({ event }) => event).sort(), ["request-refused", "request-served"]);
});

/** `fetch` sends no TRACE. */
async function traced(url: string): Promise<[status: number, echoed: string]> {
  const answer = await request(`${url}/v3/apps`, {
    method: "TRACE",
    headers: { authorization: "bearer secret" },
  });
  const echoed = /secret/.exec(await answer.body.text())?.[0] ?? "";
  return [answer.statusCode, echoed];
}
