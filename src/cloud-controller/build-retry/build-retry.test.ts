import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { KeptTask, KeptTaskClient } from "#diego/cell/rep/client.ts";
import { observationRequestOf } from "#diego/models/observation.ts";
import { cellPresence } from "#diego/models/model-builders.ts";
import { fromNanoseconds } from "#kernel/clock/clock.ts";
import { buildZip } from "../testing/build-zip.ts";
import { observedBuild } from "../testing/observed-build.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { xxh64 } from "../staging/xxh64.ts";
import { removeRetryInputs } from "./stage-retries.ts";

const until = fromNanoseconds(1_900_000_000_000_000_000n);
const [first, second] = ["https://example.com/first.git", "https://example.com/second.git"];
const zip = buildZip([{ name: "bin/supply", content: "#!/bin/sh\n" }]);
const snapshots = [
  { script: "supply:0", buildpack: first, isFirst: true },
  { script: "supply:1", buildpack: second, isFirst: false },
];

/** A build of two buildpacks that has failed in the second one's supply, on a cell that keeps what that found. */
async function failedBuild(t: TestContext) {
  const kept = new Map<string, KeptTask>();
  const asked: string[] = [];
  const cell: KeptTaskClient = {
    list: async () => [...kept.values()],
    release: async () => undefined,
    snapshot: async (guid, script) => {
      asked.push(script);
      return kept.has(guid) ? Readable.from([Buffer.from("a tar")]) : undefined;
    },
    terminal: () => ({ url: new URL("http://127.0.0.1"), headers: {} }),
  };
  const stage = await observedBuild(
    {},
    { keptTasksOf: () => cell, staging: { keepFailedMs: 900_000 } },
  );
  t.after(() => stage[Symbol.asyncDispose]());
  const { bbs, cc, developer, buildGuid } = stage;
  const { json: detected } = await developer.caller.get(`/v3/builds/${buildGuid}`);
  const completion = { failed: true, failure_reason: "STG: Exited with status 225" };
  await developer.completeStaging(bbs, buildGuid, { completion });
  bbs.presences = [cellPresence("cell-1")];
  const { json: build } = await developer.caller.post("/v3/builds", {
    package: { guid: detected.package.guid },
    lifecycle: { type: "buildpack", data: { buildpacks: [first, second] } },
  });
  const guid = String(build.guid);
  const place = { kind: "span", name: "place", subject: "cell-1", startedAt: 1 } as const;
  const observation = observationRequestOf(bbs.taskMap.get(guid)?.definition.annotation ?? "");
  const records = [{ number: 1, at: 1, what: { ...place, outcome: "ok", facts: {} } }];
  const told = JSON.stringify({ run: "run-1", records, closed: false });
  await cc.cell("POST", String(observation?.url), told, { "content-type": "application/json" });
  await developer.completeStaging(bbs, guid, { completion });
  const rest = { memoryMb: 1024, diskMb: 4096, until, terminals: 0 };
  kept.set(guid, { taskGuid: guid, ...rest, snapshots });
  return { ...stage, kept, asked, guid, path: `/rivera/v1/builds/${guid}/retries`, completion };
}

test("a retry is a build of the same package whose task begins with what the script found", async (t) => {
  const { developer, bbs, path, guid, app, cc, asked } = await failedBuild(t);

  const answer = await developer.upload(path, [
    { name: "buildpack", content: zip, filename: "b.zip" },
    { name: "files", content: zip, filename: "f.zip" },
  ]);

  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(asked, ["supply:1"]);
  const { json: build } = answer;
  assert.deepEqual(build.metadata.annotations, { retry_of: guid, retry_from: "supply:1" });
  assert.deepEqual(build.lifecycle.data.buildpacks, [first, second]);
  const task = bbs.taskMap.get(build.guid)?.definition;
  assert.ok(task);
  const places = task.cachedDependencies.map(({ to }) => to);
  assert.deepEqual(places, ["/tmp/lifecycle", `/tmp/buildpacks/${xxh64(second)}`]);
  const action = JSON.stringify(task.action);
  const downloads = [
    ...action.matchAll(/"artifact":"([^"]+)","from":"[^"]+","to":"(\/tmp[^"]*)"/g),
  ];
  assert.deepEqual(
    downloads.map(([, artifact, to]) => [artifact, to]),
    [
      ["files from before supply:1", "/tmp"],
      ["mended files", "/tmp/app"],
    ],
  );
  assert.match(action, /"-resumeFrom=supply:1"/);
  const from = /"artifact":"files from[^"]+","from":"([^"]+)"/.exec(action)?.[1];
  assert.equal((await cc.cell("GET", String(from))).text, "a tar");
  const events = await developer.caller.get(
    `/v3/audit_events?target_guids=${app}&types=audit.app.build.create&order_by=-created_at`,
  );
  const { data } = events.json.resources.find(
    (event: { data: { build_guid: string } }) => event.data.build_guid === build.guid,
  );
  assert.deepEqual([data.retried_build_guid, data.from], [guid, "supply:1"]);
});

test("what a retry was given goes once it has ended, and not before", async (t) => {
  const { developer, bbs, path, cc, completion } = await failedBuild(t);
  const db = await cc.openDatabase();
  t.after(() => db.destroy());
  const directory = join(cc.directory, "blobs");
  const stores = { db, blobstore: await openDiskBlobstore({ directory, minimumFreeBytes: 0 }) };
  const { json: build } = await developer.upload(path, [{ name: "from", content: "supply:1" }]);

  assert.deepEqual(await removeRetryInputs(stores), { removed: 0 });
  await developer.completeStaging(bbs, build.guid, { completion });

  assert.deepEqual(await removeRetryInputs(stores), { removed: 1 });
  assert.deepEqual(await removeRetryInputs(stores), { removed: 0 });
});

test("from the first script on a retry begins with the package, as every staging does", async (t) => {
  const { developer, bbs, path, asked } = await failedBuild(t);

  const { json: build } = await developer.upload(path, [{ name: "from", content: "supply:0" }]);

  const action = JSON.stringify(bbs.taskMap.get(build.guid)?.definition.action);
  assert.match(action, /"artifact":"app package"/);
  assert.doesNotMatch(action, /resumeFrom/);
  assert.deepEqual(asked, []);
});

test("refusals of a retry", async (t) => {
  const { developer, bbs, cc, kept, path, guid } = await failedBuild(t);
  const refusal = async (caller = developer.caller, at = path) => {
    const { status, json } = await caller.post(at);
    return [status, json.errors?.[0].detail];
  };
  const from = await developer.upload(path, [{ name: "from", content: "finalize:9" }]);
  const text = await developer.upload(path, [
    { name: "buildpack", content: Buffer.from("no zip"), filename: "b.zip" },
  ]);
  const place = await firstSpace(developer.caller);
  const auditor = await userWith(cc, "auditor", { ...place, types: ["space_auditor"] });
  const stranger = await userWith(cc, "stranger", { ...place, types: ["organization_user"] });

  assert.equal(
    from.json.errors[0].detail,
    'This staging cannot go on from "finalize:9". It can from supply:0, supply:1',
  );
  assert.match(text.json.errors[0].detail, /b\.zip is not a zip file/);
  assert.deepEqual(await refusal(auditor), [
    403,
    "You are not authorized to perform the requested action",
  ]);
  assert.deepEqual(await refusal(stranger), [404, "Build not found"]);
  assert.deepEqual(await refusal(developer.caller, "/rivera/v1/builds/none/retries"), [
    404,
    "Build not found",
  ]);
  kept.delete(guid);
  assert.match(
    String((await refusal())[1]),
    /gives way to other work and other failed stagings. Stage again/,
  );
  bbs.presences = [];
  assert.match(String((await refusal())[1]), /the cell that ran it, cell-1, is gone\. Stage again/);
});
