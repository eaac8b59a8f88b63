import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a stopped app may be scaled beyond the quota, and its start is refused", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("huge");
  const droplet = await caller.post("/v3/droplets", {
    relationships: { app: { data: { guid } } },
    process_types: { web: "run" },
  });
  await caller.job(
    await developer.upload(`/v3/droplets/${droplet.json.guid}/upload`, [
      { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "droplet.tgz" },
    ]),
  );
  await caller.patch(`/v3/apps/${guid}/relationships/current_droplet`, {
    data: { guid: droplet.json.guid },
  });

  const scaled = await caller.post(`/v3/processes/${guid}/actions/scale`, { instances: 101 });
  const started = await caller.post(`/v3/apps/${guid}/actions/start`);

  assert.equal(scaled.status, 202);
  assert.equal(started.status, 422);
  assert.equal(started.json.errors[0].detail, "memory quota_exceeded");
  assert.equal((await caller.get(`/v3/apps/${guid}`)).json.state, "STOPPED");
});
