import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { request } from "undici";
import { test } from "node:test";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import type { RoleType } from "../roles/role-table.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const sha1 = (content: string) => createHash("sha1").update(content).digest("hex");

function resource(name: string, content: string) {
  const size = Buffer.byteLength(content);
  return { path: name, mode: "755", checksum: { value: sha1(content) }, size_in_bytes: size };
}

/** Names and contents of a package as it is stored, as `unzip` sees them. */
async function contentOf(cc: TestCloudController, guid: string): Promise<Record<string, string>> {
  const admin = await cc.admin();
  const download = await admin.get(`/v3/packages/${guid}/download`);
  assert.equal(download.status, 302);
  const { body } = await request(String(download.headers["location"]));
  const file = path.join(cc.directory, `${guid}.zip`);
  await writeFile(file, Buffer.from(await body.arrayBuffer()));
  const names = (await runChecked("unzip", ["-Z1", file])).trim().split("\n");
  const entries = names.map(async (name) => [name, await runChecked("unzip", ["-p", file, name])]);
  return Object.fromEntries(await Promise.all(entries));
}

test("an upload becomes a READY package whose bits can be downloaded", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const guid = await developer.createPackage(app);

  const uploaded = await developer.uploadBits(guid, buildZip([{ name: "a", content: "hello" }]));

  assert.equal(uploaded.status, 200);
  assert.equal(uploaded.json.state, "READY");
  assert.match(uploaded.json.data.checksum.value, /^[0-9a-f]{64}$/);
  assert.deepEqual(await contentOf(cc, guid), { a: "hello" });
  assert.deepEqual(await readdir(path.join(cc.directory, "work/uploads")), []);
});

test("a file once uploaded is matched, every entry of it, and comes out of the cache", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  await developer.packageOf(app, buildZip([{ name: "one", content: "shared" }, { name: "x" }]));
  const asked = [
    resource("one", "shared"),
    resource("copy/two", "shared"),
    resource("new", "never seen"),
    { ...resource("unreadable", "shared"), mode: "044" },
    { ...resource("other-size", "shared"), size_in_bytes: 7 },
  ];

  const matched = await developer.caller.post("/v3/resource_matches", { resources: asked });
  assert.equal(matched.status, 201);
  assert.deepEqual(matched.json.resources, asked.slice(0, 2));

  const second = await developer.packageOf(
    app,
    buildZip([{ name: "new", content: "never seen" }]),
    matched.json.resources,
  );
  assert.equal(second.json.state, "READY", second.text);
  assert.deepEqual(await contentOf(cc, second.json.guid), {
    new: "never seen",
    one: "shared",
    "copy/two": "shared",
  });
});

test("a package may be made of matched files alone", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  await developer.packageOf(app, buildZip([{ name: "one", content: "shared" }]));
  const guid = await developer.createPackage(app);

  const uploaded = await developer.upload(`/v3/packages/${guid}/upload`, [
    { name: "resources", content: JSON.stringify([resource("again", "shared")]) },
  ]);

  assert.equal(uploaded.json.state, "READY", uploaded.text);
  assert.deepEqual(await contentOf(cc, guid), { again: "shared" });
});

test("files of another organization are not matched", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  await admin.packageOf(await admin.createApp("a"), buildZip([{ name: "s", content: "secret" }]));
  const stranger = Developer.as(cc, await cc.as({ userGuid: "stranger" }));

  const matched = await stranger.caller.post("/v3/resource_matches", {
    resources: [resource("guess", "secret")],
  });

  assert.deepEqual(matched.json, { resources: [] });
});

test("who may only look at an organization matches none of its files, its developers do", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  await admin.packageOf(await admin.createApp("a"), buildZip([{ name: "s", content: "secret" }]));
  const place = await firstSpace(admin.caller);
  const asked = { resources: [resource("guess", "secret")] };
  const matchedBy = async (type: RoleType) => {
    const user = await userWith(cc, type, { ...place, types: [type] });
    return (await user.post("/v3/resource_matches", asked)).json.resources.length;
  };

  assert.equal(await matchedBy("space_auditor"), 0);
  assert.equal(await matchedBy("organization_manager"), 0);
  assert.equal(await matchedBy("space_developer"), 1);
});

test("with global matching a stranger's files match, as in the original", async () => {
  await using cc = await TestCloudController.start({
    staging: { resourceCache: { matching: "global" } },
  });
  const admin = await Developer.admin(cc);
  await admin.packageOf(await admin.createApp("a"), buildZip([{ name: "s", content: "shared" }]));
  const stranger = await cc.as({ userGuid: "stranger" });

  const asked = [resource("mine", "shared")];
  const matched = await stranger.post("/v3/resource_matches", { resources: asked });

  assert.deepEqual(matched.json, { resources: asked });
});

test("without the flag resource_matching nothing is cached and nothing matches, and no request fails", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const flag = (enabled: boolean) =>
    developer.caller.patch("/v3/feature_flags/resource_matching", { enabled });
  const ask = async () => {
    const resources = [resource("one", "first"), resource("two", "second")];
    const answer = await developer.caller.post("/v3/resource_matches", { resources });
    assert.equal(answer.status, 201);
    return answer.json.resources.map(({ path: name }: { readonly path: string }) => name);
  };
  await developer.packageOf(app, buildZip([{ name: "one", content: "first" }]));
  await flag(false);
  assert.deepEqual(await ask(), []);
  await developer.packageOf(app, buildZip([{ name: "two", content: "second" }]));
  await flag(true);

  assert.deepEqual(await ask(), ["one"]);
});

test("without the flag app_bits_upload nobody but an administrator may ask for matches", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  await admin.patch("/v3/feature_flags/app_bits_upload", { enabled: false });
  const asked = { resources: [resource("a", "a")] };
  const user = await cc.as({ userGuid: "somebody" });

  const refused = await user.post("/v3/resource_matches", asked);

  assert.equal(refused.status, 403);
  assert.equal(refused.json.errors[0].code, 330002);
  assert.equal((await admin.post("/v3/resource_matches", asked)).status, 201);
});

test("a package of matched files is the same, to the byte, as the one that brought them", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const files = ["b", "a/x", "c"].map((name) => ({ name, content: `of ${name}`, mode: 0o100755 }));
  const first = await developer.packageOf(app, buildZip(files));
  const matched = files.slice(1).map(({ name, content }) => resource(name, content));

  const second = await developer.packageOf(app, buildZip(files.slice(0, 1)), matched);

  assert.equal(second.json.state, "READY", second.text);
  assert.deepEqual(second.json.data.checksum, first.json.data.checksum);
});

test("an upload that names a file which was never matched fails, and says to push again", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");

  const failed = await developer.packageOf(app, buildZip([{ name: "a" }]), [
    resource("ghost", "not there"),
  ]);

  assert.equal(failed.json.state, "FAILED");
  assert.match(failed.json.data.error, /push again/);
});

test("a zip that climbs out makes the package FAILED, is told on the app's log and leaves no bits", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");

  const failed = await developer.packageOf(app, buildZip([{ name: "../../x", content: "pwn" }]));

  assert.equal(failed.json.state, "FAILED");
  assert.equal(
    failed.json.data.error,
    "The app upload is invalid: File path '../../x' is not safe.",
  );
  const line = cc.logLines.find(({ payload }) =>
    /Failed to process the package/.test(String(payload)),
  );
  assert.equal(line?.sourceId, app);
  const blobs = await readdir(path.join(cc.directory, "blobs"));
  assert.deepEqual(
    blobs.filter((name) => name.startsWith("cc-")),
    [],
  );
  assert.deepEqual(await readdir(path.join(cc.directory, "work/uploads")), []);
});

test("bits are taken once", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));
  await developer.uploadBits(guid, buildZip([{ name: "a" }]));

  const second = await developer.uploadBits(guid, buildZip([{ name: "b" }]));

  assert.equal(second.status, 400);
  assert.equal(second.json.errors[0].code, 150004);
});

test("of two uploads at once exactly one is taken", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));

  const answers = await Promise.all([
    developer.uploadBits(guid, buildZip([{ name: "a", content: "1" }])),
    developer.uploadBits(guid, buildZip([{ name: "b", content: "2" }])),
  ]);

  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 400],
  );
});

test("a client that leaves in the middle of an upload may try again", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));
  const leaving = new AbortController();
  const token = await cc.token({ userGuid: "admin-guid", scopes: ["cloud_controller.admin"] });
  const half = request(`${cc.url}/v3/packages/${guid}/upload`, {
    method: "POST",
    signal: leaving.signal,
    headers: {
      authorization: `bearer ${token}`,
      "content-type": "multipart/form-data; boundary=b",
      "content-length": "1000000",
    },
    body: Readable.from(
      (async function* () {
        yield Buffer.from(
          '--b\r\nContent-Disposition: form-data; name="bits"; filename="p.zip"\r\n\r\nhalf of it',
        );
        await eventually(async () => {
          const uploads = await readdir(path.join(cc.directory, "work/uploads"));
          return uploads.length > 0 ? true : undefined;
        });
        leaving.abort();
        await new Promise(() => undefined);
      })(),
    ),
  });
  await assert.rejects(half);
  await eventually(async () => {
    const uploads = await readdir(path.join(cc.directory, "work/uploads"));
    return uploads.length === 0 ? true : undefined;
  });

  const again = await developer.uploadBits(guid, buildZip([{ name: "a" }]));

  assert.equal(again.json.state, "READY", again.text);
});

const refusedUploads = [
  [
    "neither bits nor resources",
    [{ name: "resources", content: "[]" }],
    /either resources or bits/,
  ],
  [
    "a path of the host",
    [{ name: "bits_path", content: "/etc/passwd" }],
    /Unknown field\(s\): 'bits_path'/,
  ],
  ["resources that are no JSON", [{ name: "resources", content: "{" }], /must be valid JSON/],
  [
    "two files",
    [
      { name: "bits", content: "1", filename: "a.zip" },
      { name: "bits", content: "2", filename: "b.zip" },
    ],
    /only once/,
  ],
  [
    "a matched file outside of the app",
    [{ name: "resources", content: JSON.stringify([resource("../x", "x")]) }],
    /unsafe path/,
  ],
  [
    "one path twice",
    [{ name: "resources", content: JSON.stringify([resource("x", "x"), resource("x", "y")]) }],
    /'x' twice/,
  ],
  [
    "a matched file that its owner may not read",
    [{ name: "resources", content: JSON.stringify([{ ...resource("x", "x"), mode: "444" }]) }],
    /Minimum file mode is '0600'/,
  ],
] as const;

for (const [what, parts, message] of refusedUploads) {
  test(`an upload with ${what} is refused with 422 and the package still waits`, async () => {
    await using cc = await TestCloudController.start();
    const developer = await Developer.admin(cc);
    const guid = await developer.createPackage(await developer.createApp("a"));

    const answer = await developer.upload(`/v3/packages/${guid}/upload`, parts);

    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.json.errors[0].detail, message);
    const found = await developer.caller.get(`/v3/packages/${guid}`);
    assert.equal(found.json.state, "AWAITING_UPLOAD");
    assert.deepEqual(await readdir(path.join(cc.directory, "work/uploads")), []);
  });
}

const matchFaults = [
  ["no resources", [], /at least 1 resource/],
  ["a short checksum", [{ ...resource("a", "a"), checksum: { value: "abc" } }], /non-SHA1/],
  [
    "a checksum that is a path",
    [{ ...resource("a", "a"), checksum: { value: "../".repeat(13) + "x" } }],
    /non-SHA1/,
  ],
  [
    "a checksum that is a text",
    [{ ...resource("a", "a"), checksum: "abc" }],
    /non-object checksum/,
  ],
  ["a negative size", [{ ...resource("a", "a"), size_in_bytes: -1 }], /non-negative integers/],
  ["half a byte", [{ ...resource("a", "a"), size_in_bytes: 1.5 }], /non-negative integers/],
  ["a mode with a 9", [{ ...resource("a", "a"), mode: "0999" }], /incorrect mode/],
  ["a mode with a newline", [{ ...resource("a", "a"), mode: "777\n" }], /incorrect mode/],
  ["an unsafe path", [{ ...resource("a", "a"), path: "/a" }], /unsafe path/],
] as const;

for (const [what, resources, message] of matchFaults) {
  test(`a question about ${what} is refused with 422`, async () => {
    await using cc = await TestCloudController.start();
    const admin = await cc.admin();

    const answer = await admin.post("/v3/resource_matches", { resources });

    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.json.errors[0].detail, message);
  });
}

test("at most 5,000 resources are asked about at once", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const resources = Array.from({ length: 5001 }, (_, index) => resource(`f${index}`, "x"));

  const tooMany = await admin.post("/v3/resource_matches", { resources });
  const enough = await admin.post("/v3/resource_matches", { resources: resources.slice(1) });

  assert.equal(tooMany.status, 422);
  assert.equal(enough.status, 201);
});

test("an app keeps its five newest packages; older ones lose their bits", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  for (let index = 0; index < 7; index += 1) {
    await developer.packageOf(app, buildZip([{ name: "n", content: String(index) }]));
  }

  const states = await eventually(async () => {
    const list = await developer.caller.get(`/v3/packages?app_guids=${app}`);
    const found: string[] = list.json.resources.map((each: { state: string }) => each.state);
    return found[1] === "EXPIRED" ? found : undefined;
  });

  assert.deepEqual(states, ["EXPIRED", "EXPIRED", ...Array<string>(5).fill("READY")]);
});

test("a copy has the bits of its source, and the source's app is another", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const source = await developer.packageOf(
    await developer.createApp("a"),
    buildZip([{ name: "a", content: "copied" }]),
  );
  const target = await developer.createApp("b");
  const body = { relationships: { app: { data: { guid: target } } } };

  const created = await developer.caller.post(`/v3/packages?source_guid=${source.json.guid}`, body);

  assert.equal(created.status, 201, created.text);
  await eventually(async () => {
    const copy = await developer.caller.get(`/v3/packages/${created.json.guid}`);
    return copy.json.state === "READY" ? copy : undefined;
  });
  assert.deepEqual(await contentOf(cc, created.json.guid), { a: "copied" });
});

test("a deleted package is gone with its bits", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const found = await developer.packageOf(
    await developer.createApp("a"),
    buildZip([{ name: "a", content: "x" }]),
  );
  const download = await developer.caller.get(`/v3/packages/${found.json.guid}/download`);

  const job = await developer.caller.job(
    await developer.caller.delete(`/v3/packages/${found.json.guid}`),
  );

  assert.equal(job.json.state, "COMPLETE");
  const after = await developer.caller.get(`/v3/packages/${found.json.guid}`);
  assert.equal(after.status, 404);
  assert.equal(after.json.errors[0].detail, "Package not found");
  const { statusCode } = await request(String(download.headers["location"]));
  assert.equal(statusCode, 404);
});

test("another user's package is not found", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const guid = await developer.createPackage(await developer.createApp("a"));
  const stranger = Developer.as(cc, await cc.as({ userGuid: "stranger" }));

  const read = await stranger.caller.get(`/v3/packages/${guid}`);
  const uploaded = await stranger.uploadBits(guid, buildZip([{ name: "a" }]));

  assert.equal(read.status, 404);
  assert.equal(uploaded.status, 404);
});

test("a processing that a crash interrupted is told as FAILED after the next start", async () => {
  await using first = await TestCloudController.start();
  const developer = await Developer.admin(first);
  const guid = await developer.createPackage(await developer.createApp("a"));
  await using db = await first.openDatabase();
  await db
    .updateTable("packages")
    .set({
      state: "PROCESSING_UPLOAD",
      processedBy: "cloud-controller",
      processedAt: systemClock.now().toISOString(),
    })
    .where("guid", "=", guid)
    .execute();

  await using second = await TestCloudController.start({ directory: first.directory });

  const found = await (await second.admin()).get(`/v3/packages/${guid}`);
  assert.equal(found.json.state, "FAILED");
  assert.match(found.json.data.error, /push again/);
});
