import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { BbsError } from "#diego/models/bbs-error.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer, stagingResult } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { forgedUrl } from "../testing/forged-url.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const droplet = Buffer.from("a droplet");

async function staging(options: Parameters<typeof TestCloudController.start>[0] = {}) {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs, ...options });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "Procfile", content: "web: x" }]));
  return {
    bbs,
    cc,
    developer,
    app,
    packageGuid: String(found.json.guid),
    [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose](),
  };
}

test("a build becomes a task, its droplet is stored, and its completion makes both STAGED", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid, app } = stage;

  const created = await developer.build(packageGuid);
  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.state, "STAGING");
  assert.equal(created.json.droplet, null);
  assert.equal(created.json.staging_memory_in_mb, 1024);
  assert.equal(created.json.staging_disk_in_mb, 4096);
  const completed = await developer.completeStaging(bbs, created.json.guid, { droplet });
  assert.equal(completed.status, 200, completed.text);

  const build = await developer.caller.get(`/v3/builds/${created.json.guid}`);
  assert.equal(build.json.state, "STAGED");
  assert.equal(build.json.error, null);
  const found = await developer.caller.get(`/v3/droplets/${build.json.droplet.guid}`);
  assert.equal(found.json.state, "STAGED");
  assert.deepEqual(found.json.process_types, { web: "node server.js" });
  const download = await developer.caller.get(`/v3/droplets/${found.json.guid}/download`);
  const bits = await cc.cell("GET", String(download.headers["location"]));
  assert.equal(bits.text, "a droplet");
  const events = await developer.caller.get(`/v3/audit_events?target_guids=${app}`);
  const types = events.json.resources.map(({ type }: { type: string }) => type);
  for (const type of [
    "audit.app.build.create",
    "audit.app.droplet.create",
    "audit.app.build.staged",
  ]) {
    assert.ok(types.includes(type), type);
  }
});

test("what the cell is told to fetch can be fetched, and nothing else", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);
  const task = bbs.taskMap.get(created.json.guid);
  const text = JSON.stringify(task?.definition);
  const url = /http:[^"]*cc-packages[^"]*/.exec(text)?.[0] ?? "";

  assert.equal((await cc.cell("GET", url)).status, 200);
  assert.equal((await cc.cell("GET", forgedUrl(url))).status, 401);
  const [bare = ""] = url.split("?");
  assert.equal((await cc.cell("GET", bare)).status, 401);
  const completion = task?.definition.completionCallbackUrl.split("&expires")[0] ?? "";
  assert.equal((await cc.cell("POST", completion, "{}")).status, 401);
});

test("a callback is for one build, one method and one end, and for nobody who only knows its path", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid, app } = stage;
  const other = await developer.createApp("other");
  const found = await developer.packageOf(other, buildZip([{ name: "Procfile", content: "x" }]));
  const [mine, theirs] = [
    await developer.build(packageGuid),
    await developer.build(found.json.guid),
  ];
  const callbackOf = (build: { json: { guid: string } }) =>
    bbs.taskMap.get(build.json.guid)?.definition.completionCallbackUrl ?? "";
  const callback = callbackOf(mine);
  const body = JSON.stringify({ task_guid: mine.json.guid, failed: true, failure_reason: "no" });
  const admin = `bearer ${await cc.token({ userGuid: "a", scopes: ["cloud_controller.admin"] })}`;
  const json = { "content-type": "application/json" };
  const { pathname, search } = new URL(callback);

  for (const [what, url] of [
    ["another build's path", callback.replace(mine.json.guid, theirs.json.guid)],
    ["a parameter more", `${callback}&start=1`],
    ["a changed signature", forgedUrl(callback)],
    ["no signature", callback.replace(/[?&]signature=[^&]*/, "")],
  ] as const) {
    const answer = await cc.cell("POST", url, body, { ...json, authorization: admin });
    assert.equal(answer.status, 401, `${what}: ${answer.text}`);
  }
  assert.equal((await cc.cell("GET", callback)).status, 401, "another method");
  const outside = await developer.caller.send("POST", pathname + search, body);
  assert.equal(outside.status, 404, "the API's own listener has no such path");
  assert.equal((await developer.caller.get(`/v3/builds/${mine.json.guid}`)).json.state, "STAGING");

  await developer.completeStaging(bbs, mine.json.guid, { droplet });
  const again = await cc.cell("POST", callback, body, json);
  assert.equal(again.status, 400, again.text);
  assert.equal((await developer.caller.get(`/v3/builds/${mine.json.guid}`)).json.state, "STAGED");
  const droplets = await developer.caller.get(`/v3/apps/${app}/droplets`);
  assert.equal(droplets.json.resources.length, 1);
});

test("deleting a space in the middle of a push ends the staging, and the push hears 404 and 422", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid, app } = stage;
  const { caller } = developer;
  const waiting = await developer.createPackage(app);
  const build = await developer.build(packageGuid);
  const callback = bbs.taskMap.get(build.json.guid)?.definition.completionCallbackUrl ?? "";
  const [space] = (await caller.get("/v3/spaces?names=dev")).json.resources;

  const job = await caller.job(await caller.delete(`/v3/spaces/${space.guid}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  const late = [
    await developer.uploadBits(waiting, buildZip([{ name: "a", content: "x" }])),
    await developer.build(packageGuid),
    await caller.get(`/v3/builds/${build.json.guid}`),
    await caller.post(`/v3/apps/${app}/actions/start`),
    await caller.post("/v3/apps", {
      name: "late",
      relationships: { space: { data: { guid: space.guid } } },
    }),
  ];
  assert.deepEqual(
    late.map(({ status }) => status),
    [404, 422, 404, 404, 422],
  );
  const body = JSON.stringify({ task_guid: build.json.guid, failed: false, result: "{}" });
  const told = await cc.cell("POST", callback, body, { "content-type": "application/json" });
  assert.equal(told.status, 404, told.text);
  assert.equal(bbs.taskMap.size, 0);
  assert.equal((await caller.get("/v3/droplets")).json.pagination.total_results, 0);
});

test("a poll of a build is held until the build has its final state", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);

  const polled = developer.caller.get(`/v3/builds/${created.json.guid}`);
  await developer.completeStaging(bbs, created.json.guid, { droplet });

  assert.equal((await polled).json.state, "STAGED");
});

const failures = [
  [
    "STG: Exited with status 222",
    "NoAppDetectedError - An app was not successfully detected by any available buildpack",
    "Failed to stage build: staging failed",
  ],
  [
    "exceeded 15m0s timeout",
    "StagingTimeExpired - Staging time expired: staging did not end within 15m0s",
    "Failed to stage build: staging did not end within 15m0s",
  ],
] as const;

for (const [reason, error, line] of failures) {
  test(`a task that failed with "${reason}" makes the build FAILED and is told on the app's log`, async () => {
    await using stage = await staging();
    const { bbs, cc, developer, packageGuid } = stage;
    const created = await developer.build(packageGuid);

    await developer.completeStaging(bbs, created.json.guid, {
      completion: { failed: true, failure_reason: reason, result: "" },
    });

    const build = await developer.caller.get(`/v3/builds/${created.json.guid}`);
    assert.equal(build.json.state, "FAILED");
    assert.equal(build.json.error, error);
    assert.ok(cc.logLines.some(({ payload }) => payload === line));
  });
}

const unusable = [
  [
    "is no result",
    { result: "{}" },
    "StagingError - Staging error: Malformed message from Diego stager",
    400,
  ],
  [
    "has no start command",
    { result: JSON.stringify(stagingResult({ process_types: {} })) },
    "StagingError - Staging error: Start command not specified",
    200,
  ],
] as const;

for (const [what, completion, error, status] of unusable) {
  test(`a result that ${what} makes the build FAILED`, async () => {
    await using stage = await staging();
    const { bbs, developer, packageGuid } = stage;
    const created = await developer.build(packageGuid);

    const answer = await developer.completeStaging(bbs, created.json.guid, { droplet, completion });

    assert.equal(answer.status, status);
    const build = await developer.caller.get(`/v3/builds/${created.json.guid}`);
    assert.equal(build.json.error, error);
  });
}

test("a droplet without a process type is made the app's own where its process has a command", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid, app } = stage;
  const { caller } = developer;
  await caller.patch(`/v3/apps/${app}/processes/web`, { command: "./run" });
  const created = await developer.build(packageGuid);
  const result = JSON.stringify(stagingResult({ process_types: {} }));
  await developer.completeStaging(bbs, created.json.guid, { droplet, completion: { result } });
  const staged = await caller.get(`/v3/builds/${created.json.guid}`);

  const assigned = await caller.patch(`/v3/apps/${app}/relationships/current_droplet`, {
    data: { guid: staged.json.droplet?.guid },
  });
  const started = await caller.post(`/v3/apps/${app}/actions/start`);

  assert.equal(assigned.status, 200, assigned.text);
  assert.equal(started.status, 200, started.text);
  await eventually(async () => bbs.desired.size === 1 || undefined);
});

test("a completion without a droplet makes the build FAILED", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);

  await developer.completeStaging(bbs, created.json.guid);

  const build = await developer.caller.get(`/v3/builds/${created.json.guid}`);
  assert.equal(build.json.error, "StagingError - Staging error: no droplet");
});

test("a droplet that is not what its checksum says is refused and not stored", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);
  const text = JSON.stringify(bbs.taskMap.get(created.json.guid)?.definition);
  const url = /http:[^"]*\/internal\/v4\/droplets[^"]*/.exec(text)?.[0] ?? "";

  const answer = await cc.cell("POST", url, droplet, { "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==" });

  assert.equal(answer.status, 400);
  await developer.completeStaging(bbs, created.json.guid);
  const build = await developer.caller.get(`/v3/builds/${created.json.guid}`);
  assert.equal(build.json.error, "StagingError - Staging error: no droplet");
});

test("an app has one build at a time, and a second build once the first has ended", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid } = stage;
  const first = await developer.build(packageGuid);

  const second = await developer.build(packageGuid);
  assert.equal(second.status, 422);
  assert.equal(second.json.errors[0].code, 170017);

  await developer.completeStaging(bbs, first.json.guid, { droplet });
  assert.equal((await developer.build(packageGuid)).status, 201);
});

test("a package without bits is not staged", async () => {
  await using stage = await staging();
  const { developer, app } = stage;

  const answer = await developer.build(await developer.createPackage(app));

  assert.equal(answer.status, 400);
  assert.equal(
    answer.json.errors[0].detail,
    "Bad request: Cannot stage package whose state is not ready.",
  );
});

test("a docker app is not staged, and the answer does not blame a flag that is enabled", async () => {
  await using stage = await staging();
  const { developer, packageGuid } = stage;
  await developer.caller.patch("/v3/feature_flags/diego_docker", { enabled: true });

  const build = await developer.caller.post("/v3/builds", {
    package: { guid: packageGuid },
    lifecycle: { type: "docker", data: {} },
  });

  assert.equal(build.status, 422, build.text);
  assert.equal(
    build.json.errors[0].detail,
    "The docker lifecycle is not supported by this platform.",
  );
});

test("whether a package exists is not told to who may not stage it", async () => {
  await using stage = await staging();
  const { cc, packageGuid } = stage;
  const stranger = Developer.as(cc, await cc.as({ userGuid: "stranger" }));

  const existing = await stranger.build(packageGuid);
  const missing = await stranger.build("no-such-package");

  assert.equal(existing.status, 422);
  assert.equal(existing.text, missing.text);
});

test("where the BBS is away the request fails with 503 and the build is FAILED", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid, app } = stage;
  bbs.outage = new BbsError("Timeout", "no answer");

  const answer = await developer.build(packageGuid);

  assert.equal(answer.status, 503);
  assert.equal(answer.json.errors[0].code, 170010);
  const builds = await developer.caller.get(`/v3/apps/${app}/builds`);
  assert.equal(builds.json.resources[0].state, "FAILED");
});

test("the cache that one staging leaves is what the next one fetches, with its checksum", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid } = stage;
  const first = await developer.build(packageGuid);
  const firstTask = JSON.stringify(bbs.taskMap.get(first.json.guid)?.definition);
  assert.doesNotMatch(firstTask, /"to":"\/tmp\/cache"/);
  const upload = /http:[^"]*\/internal\/v4\/buildpack_cache[^"]*/.exec(firstTask)?.[0] ?? "";
  assert.equal((await cc.cell("POST", upload, "the cache")).status, 200);
  await developer.completeStaging(bbs, first.json.guid, { droplet });

  const second = await developer.build(packageGuid);

  const text = JSON.stringify(bbs.taskMap.get(second.json.guid)?.definition);
  const url = /http:[^"]*buildpack_cache[^"]*/.exec(text)?.[0] ?? "";
  assert.match(text, /"kind":"try"/);
  assert.equal((await cc.cell("GET", url)).text, "the cache");
});

test("a build whose task is gone is FAILED by the next round of the sync, also after a crash", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);
  bbs.taskMap.clear();

  await using again = await TestCloudController.start({ bbs, directory: cc.directory });

  const admin = await again.admin();
  const build = await eventually(async () => {
    const found = await admin.get(`/v3/builds/${created.json.guid}`);
    return found.json.state === "STAGING" ? undefined : found;
  });
  assert.equal(build.json.state, "FAILED");
  assert.match(build.json.error, /the staging task is gone; stage again/);
});

test("a build whose task ended while Cloud Controller was away takes its end from the BBS", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);
  const task = bbs.taskMap.get(created.json.guid);
  assert.ok(task !== undefined);
  const failureReason = "STG: Exited with status 223";
  bbs.taskMap.set(task.taskGuid, { ...task, state: "RESOLVING", failed: true, failureReason });

  await using again = await TestCloudController.start({ bbs, directory: cc.directory });

  const admin = await again.admin();
  const build = await eventually(async () => {
    const found = await admin.get(`/v3/builds/${created.json.guid}`);
    return found.json.state === "STAGING" ? undefined : found;
  });
  assert.match(build.json.error, /^BuildpackCompileFailed/);
});

test("deleting an app cancels its staging and leaves no rows and no blobs", async () => {
  await using stage = await staging();
  const { bbs, cc, developer, packageGuid, app } = stage;
  const created = await developer.build(packageGuid);

  const job = await developer.caller.job(await developer.caller.delete(`/v3/apps/${app}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.ok(bbs.calls.includes(`cancelTask ${created.json.guid}`));
  assert.equal((await developer.caller.get(`/v3/builds/${created.json.guid}`)).status, 404);
  assert.equal((await developer.caller.get(`/v3/packages/${packageGuid}`)).status, 404);
  const { globSync } = await import("node:fs");
  const files = globSync("cc-packages/*/*/*", { cwd: path.join(cc.directory, "blobs") });
  assert.deepEqual(files, []);
});

test("a final state is held back until who tails the app's log has been given its end", async () => {
  let shown = 5n;
  await using stage = await staging({
    logCache: {
      latestGauges: async () => [],
      tail: async () => {
        shown += 1n;
        return { tailed: true, newestReturned: shown, newestShown: shown, newestStored: 5n };
      },
    },
  });
  const { bbs, developer, packageGuid } = stage;
  const created = await developer.build(packageGuid);

  shown = 1n;
  const polled = developer.caller.get(`/v3/builds/${created.json.guid}`);
  await developer.completeStaging(bbs, created.json.guid, { droplet });

  const { json: ended } = await polled;
  assert.equal(ended.state, "STAGED");
  assert.ok(shown >= 5n);

  shown = 4n;
  // Only for 3 s after the end, which a busy machine may have let pass.
  const isRecent = Date.now() - Date.parse(ended.updated_at) < 2_000;
  const late = await developer.caller.get(`/v3/builds/${created.json.guid}`);
  assert.equal(late.json.state, "STAGED");
  assert.ok(shown === 5n || !isRecent, "a poll that comes after the end is held as well");
});
