import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { defaultLimits } from "../config.ts";
import { defaultStagingLimits } from "../staging/staging-config.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { placed } from "./buildpack-positions.ts";

const zip = buildZip([{ name: "bin/detect", content: "#!/bin/sh\n", mode: 0o100755 }]);

async function names(cc: TestCloudController): Promise<string[]> {
  const list = await (await cc.admin()).get("/v3/buildpacks");
  return list.json.resources.map(
    (each: { name: string; position: number }) => `${each.position} ${each.name}`,
  );
}

test("buildpacks of one lifecycle stand by their position, whichever end comes first", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  for (const name of ["c", "a", "b"]) await admin.post("/v3/buildpacks", { name });
  const listed = async (order: string) =>
    (await admin.get(`/v3/buildpacks?names=a,b,c&order_by=${order}`)).json.resources.map(
      (each: { name: string }) => each.name,
    );

  assert.deepEqual(await listed("lifecycle"), ["b", "a", "c"]);
  assert.deepEqual(await listed("-lifecycle"), ["c", "a", "b"]);
  const { resources } = (await admin.get("/v3/audit_events?types=audit.buildpack.create")).json;
  assert.deepEqual(
    resources.slice(-3).map((event: { data: unknown }) => event.data),
    ["c", "a", "b"].map((name) => ({ request: { name } })),
  );
});

async function ready(developer: Developer, name: string, position?: number): Promise<string> {
  const created = await developer.caller.post("/v3/buildpacks", {
    name,
    ...(position === undefined ? {} : { position }),
  });
  assert.equal(created.status, 201, created.text);
  const uploaded = await developer.upload(`/v3/buildpacks/${created.json.guid}/upload`, [
    { name: "bits", content: zip, filename: `${name}.zip` },
  ]);
  assert.equal(uploaded.status, 202, uploaded.text);
  const job = await developer.caller.job(uploaded);
  assert.equal(job.json.state, "COMPLETE", job.text);
  return created.json.guid;
}

/** A folder of buildpacks as Rivera ships them, and the configuration that names it. */
async function shipped(contents: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(path.join(tmpdir(), "shipped-"));
  const write = async (each: Readonly<Record<string, string>>) => {
    for (const [name, detect] of Object.entries(each)) {
      await mkdir(path.join(folder, name, "bin"), { recursive: true });
      await writeFile(path.join(folder, name, "bin/detect"), detect, { mode: 0o755 });
    }
  };
  await write(contents);
  const config = (directory: string) => ({
    staging: {
      workDirectory: path.join(directory, "work"),
      lifecycleBundle: { path: "unused", key: "k" },
      shippedBuildpacksDirectory: folder,
      signingSecret: "s",
      stagingEnvironment: {},
      lang: "en_US.UTF-8",
      limits: defaultStagingLimits,
      syncIntervalMs: 30_000,
    },
  });
  return {
    write,
    config,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

test("a new buildpack comes first, one beyond the end comes last, and a deleted one leaves no gap", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  await ready(developer, "one");
  const two = await ready(developer, "two");
  await ready(developer, "three", 99);
  assert.deepEqual(await names(cc), ["1 two", "2 one", "3 three"]);

  await developer.caller.patch(`/v3/buildpacks/${two}`, { position: 2 });
  assert.deepEqual(await names(cc), ["1 one", "2 two", "3 three"]);

  await developer.caller.job(await developer.caller.delete(`/v3/buildpacks/${two}`));
  assert.deepEqual(await names(cc), ["1 one", "2 three"]);
});

test("placed() puts a guid where it is asked, whether it was in the list or not", () => {
  assert.deepEqual(placed(["a", "b", "c"], "c", 1), ["c", "a", "b"]);
  assert.deepEqual(placed(["a", "b", "c"], "a", 2), ["b", "a", "c"]);
  assert.deepEqual(placed(["a", "b"], "new", 100), ["a", "b", "new"]);
});

test("bits that are no zip, bits of a locked buildpack and bits of a developer are refused", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  const created = await admin.caller.post("/v3/buildpacks", { name: "one" });
  const path_ = `/v3/buildpacks/${created.json.guid}/upload`;
  const bits = (content: string | Buffer) => [{ name: "bits", content, filename: "b.zip" }];

  assert.equal((await admin.upload(path_, bits("no zip"))).status, 422);
  const developer = Developer.as(cc, await cc.as({ userGuid: "developer" }));
  assert.equal((await developer.upload(path_, bits(zip))).status, 403);
  await admin.caller.patch(`/v3/buildpacks/${created.json.guid}`, { locked: true });
  const locked = await admin.upload(path_, bits(zip));
  assert.equal(locked.json.errors[0].detail, "Buildpack is locked");
  const found = await admin.caller.get(`/v3/buildpacks/${created.json.guid}`);
  assert.equal(found.json.state, "AWAITING_UPLOAD");
});

test("an upload takes the stack from the manifest and refuses another than the buildpack's", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  const created = await admin.caller.post("/v3/buildpacks", { name: "one" });
  const withStack = (stack: string) => [
    {
      name: "bits",
      content: buildZip([{ name: "manifest.yml", content: `stack: ${stack}\n` }]),
      filename: "b.zip",
    },
  ];
  const upload = async (stack: string) =>
    await admin.caller.job(
      await admin.upload(`/v3/buildpacks/${created.json.guid}/upload`, withStack(stack)),
    );

  assert.equal((await upload("cflinuxfs4")).json.state, "COMPLETE");
  const found = await admin.caller.get(`/v3/buildpacks/${created.json.guid}`);
  assert.equal(found.json.stack, "cflinuxfs4");
  const refused = await upload("windows");
  assert.equal(refused.json.state, "FAILED");
  assert.equal(refused.json.errors[0].code, 390011);
});

test("a build takes all enabled buildpacks in order, or those that it names", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const second = await ready(developer, "second");
  const first = await ready(developer, "first");
  const disabled = await ready(developer, "disabled");
  await developer.caller.patch(`/v3/buildpacks/${disabled}`, { enabled: false });
  const app = await developer.createApp("a");
  const found = await developer.packageOf(app, buildZip([{ name: "x" }]));
  const orderOf = (guid: string) =>
    /-buildpackOrder=([^"]*)/.exec(JSON.stringify(bbs.taskMap.get(guid)?.definition.action))?.[1];

  const detecting = await developer.build(found.json.guid);
  assert.match(orderOf(detecting.json.guid) ?? "", new RegExp(`^${first}_\\w+,${second}_\\w+$`));
  await developer.completeStaging(bbs, detecting.json.guid, { completion: { failed: true } });

  const build = (buildpacks: readonly string[]) =>
    developer.caller.post("/v3/builds", {
      package: { guid: found.json.guid },
      lifecycle: { type: "buildpack", data: { buildpacks, stack: null } },
    });
  const disabledAnswer = await build(["disabled"]);
  assert.equal(disabledAnswer.json.errors[0].code, 290003);
  const unknown = await build(["unknown"]);
  assert.match(
    unknown.json.errors[0].detail,
    /must be an existing admin buildpack or a valid git URI/,
  );
  const named = await build(["second", "https://user:secret@example.com/x.git"]);
  assert.equal(named.status, 201, named.text);
  assert.match(orderOf(named.json.guid) ?? "", /^[^,]+,https:\/\/user:secret@example.com\/x.git$/);
  assert.deepEqual(named.json.lifecycle.data.buildpacks, [
    "second",
    "https://***:***@example.com/x.git",
  ]);
});

test("where custom buildpacks are disabled an app, its manifest and a build may name none", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({
    bbs,
    config: { limits: { ...defaultLimits, customBuildpacksDisabled: true } },
  });
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  await ready(developer, "known");
  const app = await developer.createApp("a");
  const found = await developer.packageOf(app, buildZip([{ name: "x" }]));
  const space = (await caller.get(`/v3/apps/${app}`)).json.relationships.space.data.guid;
  const lifecycle = (...buildpacks: string[]) => ({
    type: "buildpack",
    data: { buildpacks, stack: "cflinuxfs4" },
  });
  const git = "https://example.com/x.git";
  const manifest = `applications: [{ name: b, buildpacks: [known, "${git}"] }]`;

  const refused = [
    await caller.post("/v3/apps", {
      name: "b",
      lifecycle: lifecycle("known", git),
      relationships: { space: { data: { guid: space } } },
    }),
    await caller.patch(`/v3/apps/${app}`, { lifecycle: lifecycle(git) }),
    await caller.send("POST", `/v3/spaces/${space}/actions/apply_manifest`, manifest, {
      "content-type": "application/x-yaml",
    }),
    await caller.post("/v3/builds", {
      package: { guid: found.json.guid },
      lifecycle: lifecycle(git),
    }),
  ];
  const taken = await caller.post("/v3/builds", {
    package: { guid: found.json.guid },
    lifecycle: lifecycle("known"),
  });

  for (const answer of refused) {
    assert.equal(answer.status, 400, answer.text);
    const [error] = answer.json.errors;
    assert.deepEqual([error.code, error.title], [290004, "CF-CustomBuildpacksDisabled"]);
    assert.match(error.detail, /^(For application 'b': )?Custom buildpacks are disabled$/);
  }
  assert.equal(taken.status, 201, taken.text);
  assert.equal((await caller.get("/v3/apps?names=b")).json.resources.length, 0);
});

test("the shipped buildpacks are installed in their order, once, and anew where they have changed", async () => {
  await using folder = await shipped({ procfile_buildpack: "1", nodejs_buildpack: "1" });
  await using temporary = await mkdtempDisposable(path.join(tmpdir(), "cc-"));
  const directory = temporary.path;
  const start = () => TestCloudController.start({ directory, config: folder.config(directory) });
  // <guid>_<sha256>: which bits each buildpack has.
  const stored = () =>
    globSync("cc-buildpacks/*/*/*", { cwd: path.join(directory, "blobs") })
      .map((file) => path.basename(file))
      .toSorted();
  {
    await using cc = await start();
    assert.deepEqual(await names(cc), ["1 nodejs_buildpack", "2 procfile_buildpack"]);
  }
  const first = stored();
  {
    await using _same = await start();
  }
  assert.deepEqual(stored(), first);

  await folder.write({ nodejs_buildpack: "2" });
  {
    await using cc = await start();
    const guids = (keys: readonly string[]) => [...new Set(keys.map((key) => key.slice(0, 36)))];
    assert.deepEqual(guids(stored()), guids(first));
    // The former bits go later: a staging from before the start may need them.
    assert.equal(stored().filter((key) => !first.includes(key)).length, 1);
    assert.deepEqual(await names(cc), ["1 nodejs_buildpack", "2 procfile_buildpack"]);
  }

  // A later version of Rivera brings one more: what takes any Procfile stays last.
  await folder.write({ python_buildpack: "1" });
  await using cc = await start();

  assert.deepEqual(await names(cc), [
    "1 nodejs_buildpack",
    "2 python_buildpack",
    "3 procfile_buildpack",
  ]);
});

test("what an operator has uploaded under the name of a shipped buildpack stays", async () => {
  await using folder = await shipped({ nodejs_buildpack: "1" });
  await using temporary = await mkdtempDisposable(path.join(tmpdir(), "cc-"));
  const directory = temporary.path;
  const start = () => TestCloudController.start({ directory, config: folder.config(directory) });
  {
    await using cc = await start();
    const developer = await Developer.admin(cc);
    const [found] = (await developer.caller.get("/v3/buildpacks")).json.resources;
    const uploaded = await developer.upload(`/v3/buildpacks/${found.guid}/upload`, [
      { name: "bits", content: zip, filename: "own.zip" },
    ]);
    await developer.caller.job(uploaded);
  }

  await folder.write({ nodejs_buildpack: "2" });
  await using cc = await start();

  const [kept] = (await (await cc.admin()).get("/v3/buildpacks")).json.resources;
  assert.equal(kept.filename, "own.zip");
});

test("what a buildpack may not be is refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const made = await admin.post("/v3/buildpacks", { name: "taken", stack: "cflinuxfs4" });
  const native = await admin.post("/v3/buildpacks", { name: "native", lifecycle: "cnb" });
  const cases: ["POST" | "PATCH", string, unknown, string][] = [
    ["POST", "", {}, "Name must be a string, Name can't be blank, Name is invalid"],
    ["POST", "", { name: "a b" }, "Name is invalid"],
    ["POST", "", { name: "x".repeat(251) }, "Name is too long (maximum is 250 characters)"],
    ["POST", "", { name: "x", position: 0 }, "Position must be greater than or equal to 1"],
    ["POST", "", { name: "x", enabled: "yes" }, "Enabled must be a boolean"],
    ["POST", "", { name: "x", lifecycle: "vm" }, 'Lifecycle must be either "buildpack" or "cnb"'],
    ["POST", "", { name: "x", stack: "nope" }, "Stack 'nope' does not exist"],
    [
      "POST",
      "",
      { name: "taken", stack: "cflinuxfs4" },
      "Buildpack with name 'taken', stack 'cflinuxfs4' and lifecycle 'buildpack' already exists",
    ],
    ["PATCH", `/${made.json.guid}`, { stack: null }, "Buildpack stack cannot be changed"],
    ["PATCH", `/${made.json.guid}`, { lifecycle: "cnb" }, "Unknown field(s): 'lifecycle'"],
    [
      "POST",
      `/${made.json.guid}/upload`,
      {},
      "Uploaded buildpack file is invalid: A buildpack zip file must be uploaded as 'bits'",
    ],
  ];
  for (const [method, path, body, detail] of cases) {
    const answer = await admin.send(method, `/v3/buildpacks${path}`, body);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  const developer = await Developer.admin(cc);
  const bits = [{ name: "bits", filename: "b.zip", content: "" }];
  for (const [guid, detail] of [
    [
      made.json.guid,
      'b.zip is not a zip file. Buildpacks of lifecycle "buildpack" must be valid zip files., b.zip cannot be empty',
    ],
    [
      native.json.guid,
      'b.zip is not a gzip archive or cnb file. Buildpacks of lifecycle "cnb" must be valid gzip archives or cnb files., b.zip cannot be empty',
    ],
  ]) {
    const answer = await developer.upload(`/v3/buildpacks/${guid}/upload`, bits);
    assert.equal(answer.json.errors[0].detail, `Uploaded buildpack file is invalid: ${detail}`);
  }
  const list = await admin.get("/v3/buildpacks?lifecycle=vm");
  assert.match(list.json.errors[0].detail, /: Lifecycle must be either "buildpack" or "cnb"$/);
});
