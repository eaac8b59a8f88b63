import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a platform that observes nothing asks a cell for nothing, and stages all the same", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs, staging: { isObserved: false } });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const bits = buildZip([{ name: "Procfile", content: "web: x" }]);
  const { json } = await developer.build((await developer.packageOf(app, bits)).json.guid);

  assert.equal(bbs.taskMap.get(json.guid)?.definition.annotation, "");
  await developer.completeStaging(bbs, json.guid, { droplet: Buffer.from("a droplet") });

  const build = await developer.caller.get(`/v3/builds/${json.guid}`);
  const timeline = await developer.caller.get(`/rivera/v1/builds/${json.guid}/timeline`);
  assert.equal(build.json.state, "STAGED");
  assert.equal(timeline.status, 200, timeline.text);
});
