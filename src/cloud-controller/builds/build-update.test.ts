import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("only a stager sets a build's state, and a build that has ended keeps it", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const admin = await Developer.admin(cc);
  const place = await firstSpace(admin.caller);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const scopes = ["cloud_controller.update_build_state", "cloud_controller.write"];
  const stager = await cc.as({ userGuid: "stager", scopes });
  const app = await admin.createApp("shop");
  const zip = buildZip([{ name: "Procfile", content: "web: x" }]);
  const found = await admin.packageOf(app, zip);
  const { json: build } = await admin.build(String(found.json.guid));
  const path = `/v3/builds/${build.guid}`;
  const failed = { state: "FAILED", error: "no such image" };

  const refusals = [
    [
      await developer.patch(path, failed),
      403,
      "You are not authorized to perform the requested action",
    ],
    [
      await developer.patch(path, { state: 7 }),
      403,
      "You are not authorized to perform the requested action",
    ],
    [await stager.patch(path, { metadata: {} }), 404, "Build not found"],
    [await stager.patch("/v3/builds/none", failed), 404, "Build not found"],
    [await stager.patch(path, { state: "STAGING" }), 422, "State 'STAGING' is not a valid state"],
    [
      await stager.patch(path, { state: "STAGED" }),
      422,
      "Lifecycle 'STAGED' builds require lifecycle data",
    ],
    [
      await stager.patch(path, { state: "STAGED", lifecycle: { data: { image: "a/b" } } }),
      403,
      "Feature Disabled: diego_docker",
    ],
  ] as const;
  const first = await stager.patch(path, failed);
  const again = await stager.patch(path, failed);

  for (const [{ status, json }, expected, detail] of refusals) {
    assert.deepEqual([status, json.errors[0].detail], [expected, detail]);
  }
  assert.equal(first.status, 200, first.text);
  assert.equal(first.json.state, "FAILED");
  assert.equal(first.json.error, "StagerError - Stager error: no such image");
  assert.deepEqual([...bbs.taskMap.keys()], []);
  assert.equal(again.status, 422);
  assert.equal(again.json.errors[0].detail, "Build is already FAILED");
});

test("a droplet's image is a stager's to tell, and only docker's droplets have one", async () => {
  await using cc = await TestCloudController.start();
  const admin = await Developer.admin(cc);
  const place = await firstSpace(admin.caller);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  const app = await admin.createApp("shop");
  const { json } = await admin.caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: app } } },
  });

  const byDeveloper = await developer.patch(`/v3/droplets/${json.guid}`, { image: "a/b" });
  const byAdmin = await admin.caller.patch(`/v3/droplets/${json.guid}`, { image: "a/b" });

  assert.equal(byDeveloper.status, 403);
  assert.deepEqual(
    [byAdmin.status, byAdmin.json.errors[0].detail],
    [422, "Droplet image can only be updated on staged droplets"],
  );
});
