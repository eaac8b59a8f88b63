import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

async function staging() {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs });
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

const cancelled = "StagingError - Staging error: staging was cancelled";

test("a cancelled build is FAILED at once, its task goes, and the next one may begin", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid, app } = stage;
  const { json: first } = await developer.build(packageGuid);
  assert.equal((await developer.build(packageGuid)).status, 422);

  const answer = await developer.caller.post(`/rivera/v1/builds/${first.guid}/cancel`);

  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.json.state, "FAILED");
  assert.equal(answer.json.error, cancelled);
  assert.deepEqual([...bbs.taskMap.keys()], []);
  assert.equal((await developer.build(packageGuid)).status, 201);
  const query = `target_guids=${app}&types=audit.app.build.failed`;
  const events = await developer.caller.get(`/v3/audit_events?${query}`);
  assert.equal(events.json.resources[0].data.build_guid, first.guid);
});

test("a build that has ended cannot be cancelled any more", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid } = stage;
  const { json: build } = await developer.build(packageGuid);
  await developer.completeStaging(bbs, build.guid, { droplet: Buffer.from("a droplet") });

  const answer = await developer.caller.post(`/rivera/v1/builds/${build.guid}/cancel`);

  assert.equal(answer.status, 422);
  assert.equal(
    answer.json.errors[0].detail,
    "Build state is STAGED and therefore cannot be canceled",
  );
  const unknown = await developer.caller.post("/rivera/v1/builds/unknown/cancel");
  assert.equal(unknown.status, 404);
});

test("a stop ends the staging of an app that does not even run yet", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid, app } = stage;
  const { json: build } = await developer.build(packageGuid);

  assert.equal((await developer.caller.post(`/v3/apps/${app}/actions/stop`)).status, 200);

  const after = await developer.caller.get(`/v3/builds/${build.guid}`);
  assert.equal(after.json.error, cancelled);
  assert.ok(bbs.calls.includes(`cancelTask ${build.guid}`));
});

test("a build cancelled before Diego has heard of it leaves no task there", async () => {
  await using stage = await staging();
  const { bbs, developer, packageGuid, app } = stage;
  const { desireTask } = bbs;
  bbs.desireTask = async (request) => {
    await developer.caller.post(`/v3/apps/${app}/actions/stop`);
    await desireTask(request);
  };

  const { json: build } = await developer.build(packageGuid);

  assert.deepEqual([...bbs.taskMap.keys()], []);
  assert.equal((await developer.caller.get(`/v3/builds/${build.guid}`)).json.error, cancelled);
});
