import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a space that is deleted under pushes ends their stagings; their next steps hear that all is gone", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const [space] = (await caller.get("/v3/spaces")).json.resources;
  const staged = await developer.createApp("staged");
  const zip = buildZip([{ name: "Procfile", content: "web: x" }]);
  const ready = (await developer.packageOf(staged, zip)).json.guid;
  const { json: build } = await developer.build(ready);
  const uploading = await developer.createApp("uploading");
  const awaiting = await developer.createPackage(uploading);
  const task = bbs.taskMap.get(build.guid);

  const job = await caller.job(await caller.delete(`/v3/spaces/${space.guid}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.deepEqual([...bbs.taskMap.keys()], []);
  const gone = {
    poll: await caller.get(`/v3/builds/${build.guid}`),
    upload: await developer.uploadBits(awaiting, zip),
    stage: await developer.build(ready),
    start: await caller.post(`/v3/apps/${staged}/actions/start`),
    route: await caller.post("/v3/routes", {
      host: "late",
      relationships: {
        space: { data: { guid: space.guid } },
        domain: { data: { guid: (await caller.get("/v3/domains")).json.resources[0].guid } },
      },
    }),
  };
  assert.deepEqual(
    Object.entries(gone).map(([step, { status, json }]) => [step, status, json.errors[0].detail]),
    [
      ["poll", 404, "Build not found"],
      ["upload", 404, "Package not found"],
      [
        "stage",
        422,
        "Unable to use package. Ensure that the package exists and you have access to it.",
      ],
      ["start", 404, "App not found"],
      ["route", 422, "Invalid space. Ensure that the space exists and you have access to it."],
    ],
  );
  // The cell may have ended the staging meanwhile: what it brings is for nobody.
  assert(task !== undefined);
  bbs.taskMap.set(build.guid, task);
  const late = await developer.completeStaging(bbs, build.guid, { droplet: Buffer.from("late") });
  assert.equal(late.status, 404, late.text);
  const cwd = path.join(cc.directory, "blobs");
  await eventually(async () => {
    const names = globSync("cc-{packages,droplets}/**/*", { cwd });
    return names.every((name) => path.basename(name).length === 2) ? true : undefined;
  });
});
