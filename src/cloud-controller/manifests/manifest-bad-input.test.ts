import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController, type Answer, type Caller } from "../testing/test-cloud-controller.ts";

const parse = [400, 1001, "Request invalid due to parse error: invalid request body"] as const;
const aliases = [400, 1004, "Bad request: Manifest does not support Anchors and Aliases"] as const;

test("what is no YAML of plain values is refused, in whatever encoding it hides", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply, diff } = await setting(cc);
  const good = "applications: [{name: a}]";
  const cases: [string, string | Buffer, readonly [number, number, string]][] = [
    ["a binary", "applications: [{name: !!binary aGk=}]", parse],
    ["a tag of one's own", "applications: [{name: !x a}]", parse],
    ["a set", "applications: [!!set {a, b}]", parse],
    ["a Ruby object", "applications: [!ruby/object:Gem::Installer {i: x}]", parse],
    ["a key twice", "applications: []\napplications: [{name: a}]", parse],
    ["a merge of an alias", "x: &x {memory: 1G}\napplications: [{name: a, <<: *x}]", aliases],
    ["an alias of a name", "applications: [{name: &n a, command: *n}]", aliases],
    ["a tab for a blank", "applications:\n-\tname: a\n\tmemory: 1G", parse],
    ["UTF-16", Buffer.from(`\ufeff${good}`, "utf16le"), parse],
    ["no UTF-8", Buffer.from([...Buffer.from("applications: [{name: "), 0xff, 0x7d, 0x5d]), parse],
    ["a NUL", `${good}\u0000`, parse],
    ["an empty document", "---\n", parse],
    ["a number", "5", parse],
    ["an open bracket", "applications: [{name: a}", parse],
    ["a JSON of no yaml's type", '{"applications":', parse],
  ];

  for (const [what, text, [status, code, detail]] of cases) {
    for (const send of [apply, diff]) {
      const answer = await send(text);
      assert.equal(answer.status, status, `${what}: ${answer.text}`);
      assert.equal(answer.json.errors[0].code, code, what);
      assert.equal(answer.json.errors[0].detail, detail, what);
    }
  }
  assert.equal((await admin.get("/v3/apps")).json.pagination.total_results, 0);
  const marked = await apply(`\ufeff${good}`);
  assert.equal((await admin.job(marked)).json.state, "COMPLETE", "a byte order mark is no fault");
  const anchored = await apply("applications: [&a {name: &n b}]");
  assert.equal((await admin.job(anchored)).json.state, "COMPLETE", "nor is an anchor alone");
  const { resources } = (await admin.get("/v3/apps?order_by=name")).json;
  assert.deepEqual(
    resources.map(({ name }: { name: string }) => name),
    ["a", "b"],
  );
});

test("a name is a text of 1 to 255 characters, as YAML 1.2 reads it", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const tooLong = "Name is too long (maximum is 255 characters)";
  const refused: [string, string[]][] = [
    ["''", ["Name must not be empty"]],
    ["x".repeat(256), [tooLong]],
    ["0755", ["Name must be a string"]],
    ["1.5", ["Name must be a string"]],
    ["true", ["Name must be a string"]],
    ["[a]", ["Name must be a string"]],
    ["{a: b}", ["Name must be a string"]],
    ['"line\\nbreak"', ["name format"]],
  ];
  for (const [name, details] of refused) {
    const answer = await apply(`applications: [{name: ${name}}]`);
    assert.equal(answer.status, 422, `${name}: ${answer.text}`);
    const given = answer.json.errors.map(({ detail }: { detail: string }) =>
      detail.replace(/^For application .*?: /s, ""),
    );
    assert.deepEqual(given, details, name);
  }
  // `no` is a text in YAML 1.2; so are times and dates.
  const kept = ["no", "12:30:45", "2001-01-01", "../../etc", "' OR 1=1--", "<script>"];
  const list = kept.map(
    (name) => `{name: ${JSON.stringify(name).replace(/^"(no|[\d:-]+)"$/, "$1")}}`,
  );
  const job = await admin.job(await apply(`applications: [${list.join(", ")}]`));
  assert.equal(job.json.state, "COMPLETE", job.text);
  const apps = (await admin.get("/v3/apps?order_by=name")).json.resources;
  assert.deepEqual(apps.map(({ name }: { name: string }) => name).sort(), kept.sort());
});

test("each route of a manifest that is none is named, and none is made", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const malformed = ["http://", "a..b", "x.com/../y", "x .com", `${"l".repeat(64)}.apps.localhost`];
  const listed = malformed.map((route) => `{route: ${JSON.stringify(route)}}`);
  const answer = await apply(`applications: [{name: a, routes: [${listed.join(", ")}]}]`);
  assert.equal(answer.status, 422, answer.text);
  assert.deepEqual(
    answer.json.errors.map(({ detail }: { detail: string }) => detail),
    malformed.map(
      (route) => `For application 'a': The route '${route}' is not a properly formed URL`,
    ),
  );

  const inJob: [string, string][] = [
    ["*.nowhere.test", "No domains exist for route *.nowhere.test"],
    // A wildcard of a domain of all takes every name in it: an administrator's, and made by no manifest.
    ["*.apps.localhost", "You are not authorized to perform the requested action"],
    [
      "x.apps.localhost:99999",
      "For route 'x.apps.localhost:99999': Routes with protocol 'http' do not support ports.",
    ],
  ];
  for (const [route, detail] of inJob) {
    const job = await admin.job(
      await apply(`applications: [{name: a, routes: [{route: '${route}'}]}]`),
    );
    assert.equal(job.json.state, "FAILED", route);
    assert.deepEqual(
      job.json.errors.map((error: { detail: string }) => error.detail),
      [`For application 'a': ${detail}`],
    );
  }
  assert.deepEqual((await admin.get("/v3/routes")).json.resources, []);
  const fine = await admin.job(
    await apply("applications: [{name: a, routes: [{route: xn--bcher-kva.apps.localhost}]}]"),
  );
  assert.equal(fine.json.state, "COMPLETE", fine.text);
});

test("environments hold texts: scalars become them, lists and maps are refused by their key", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const nonString = (key: string, value: string) =>
    `Non-string value in environment variable for key '${key}', value '${value}'`;
  const refused: [string, string[]][] = [
    ["{A: [1], B: {c: d}}", [`Env ${nonString("A", "[1]")}`, `Env ${nonString("B", '{"c":"d"}')}`]],
    ["{vcap_x: y}", ["Env cannot start with VCAP_"]],
    ["{PORT: 1}", ["Env cannot set PORT"]],
    ["{'': x}", ["Env key must be a minimum length of 1"]],
    ["{'A=B': x}", ["Env key must not contain '=' or control characters"]],
    ["text", ["Env must be an object of keys and values"]],
  ];
  for (const [env, details] of refused) {
    const answer = await apply(`applications: [{name: a, env: ${env}}]`);
    assert.equal(answer.status, 422, `${env}: ${answer.text}`);
    assert.deepEqual(
      answer.json.errors.map(({ detail }: { detail: string }) =>
        detail.replace("For application 'a': ", ""),
      ),
      details.map((detail) => detail.replace("Env Non", "Non")),
      env,
    );
  }
  const longest = await apply(`applications: [{name: a, env: {A: ${"x".repeat(131_070)}}}]`);
  const job = await admin.job(longest);
  assert.deepEqual(
    job.json.errors.map(({ detail }: { detail: string }) => detail),
    [
      "For application 'a': Environment variable 'A' is too long (maximum is 131071 bytes of name and value)",
    ],
  );
});

test("a manifest of a thousand routes is bounded by the quota, and leaves none", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply } = await setting(cc);
  const [quota] = (await admin.get("/v3/organization_quotas")).json.resources;
  const limited = await admin.patch(`/v3/organization_quotas/${quota.guid}`, {
    routes: { total_routes: 5, total_reserved_ports: 0 },
  });
  assert.equal(limited.status, 200, limited.text);
  const routes = Array.from({ length: 1_000 }, (_, n) => `{route: r${n}.apps.localhost}`);

  const job = await admin.job(
    await apply(`applications: [{name: a, routes: [${routes.join(",")}]}]`),
  );

  assert.equal(job.json.state, "FAILED");
  assert.match(
    job.json.errors[0].detail,
    /^For application 'a': .*Routes quota exceeded for organization 'rivera'\.$/,
  );
  assert.deepEqual((await admin.get("/v3/routes")).json.resources, []);
});

test("keys that no manifest has are passed over, at the top and in an application", async () => {
  await using cc = await TestCloudController.start();
  const { admin, apply, diff } = await setting(cc);
  const text =
    "colour: red\nbuild_pack: x\napplications: [{name: a, colour: red, path: ../../etc}]";

  const difference = await diff(text);
  const job = await admin.job(await apply(text));

  assert.equal(difference.status, 201, difference.text);
  assert.deepEqual(difference.json.diff, [{ op: "add", path: "/applications/0/name", value: "a" }]);
  assert.equal(job.json.state, "COMPLETE", job.text);
});

async function setting(cc: TestCloudController) {
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const send = (action: string) => (text: string | Buffer) =>
    post(admin, `/v3/spaces/${spaceGuid}/${action}`, text);
  return { admin, apply: send("actions/apply_manifest"), diff: send("manifest_diff") };
}

function post(caller: Caller, path: string, text: string | Buffer): Promise<Answer> {
  return caller.send("POST", path, text, { "content-type": "application/x-yaml" });
}
