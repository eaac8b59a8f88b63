import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer, stagingResult } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

async function platform() {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "Procfile", content: "web: x" }]));
  const { caller } = developer;
  return {
    bbs,
    caller,
    app,
    /** The guid of a buildpack whose manifest.yml is this. */
    async buildpack(name: string, manifest: string): Promise<string> {
      const { guid } = (await caller.post("/v3/buildpacks", { name })).json;
      const job = await upload(developer, guid, manifest);
      assert.equal(job.json.state, "COMPLETE", job.text);
      return guid;
    },
    /** Starts a staging and gives its build and the root file system that its task asks for. */
    async stage(buildpacks: readonly string[] = []) {
      const { json: build } = await caller.post("/v3/builds", {
        package: { guid: found.json.guid },
        lifecycle: { type: "buildpack", data: { buildpacks, stack: null } },
      });
      return { build, rootFs: bbs.taskMap.get(build.guid)?.definition.rootFs };
    },
    /** Ends it as the builder does that took these buildpacks, and gives the droplet's guid. */
    async finish(build: { readonly guid: string }, used: readonly string[]): Promise<string> {
      const keys = used.map((key) => ({ key, name: "x" }));
      const metadata = { buildpack_key: used.at(-1), detected_buildpack: "x", buildpacks: keys };
      const result = JSON.stringify(stagingResult({ lifecycle_metadata: metadata }));
      const droplet = Buffer.from("a droplet");
      await developer.completeStaging(bbs, build.guid, { droplet, completion: { result } });
      return (await caller.get(`/v3/builds/${build.guid}`)).json.droplet.guid;
    },
    /** What the app's task would run on. */
    async taskRootFs(droplet: string): Promise<string | undefined> {
      const task = await caller.post(`/v3/apps/${app}/tasks`, {
        command: "x",
        droplet_guid: droplet,
      });
      assert.equal(task.status, 202, task.text);
      return bbs.taskMap.get(task.json.guid)?.definition.rootFs;
    },
    developer,
    [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose](),
  };
}

async function upload(developer: Developer, guid: string, manifest: string) {
  const content = buildZip([{ name: "manifest.yml", content: manifest }]);
  return await developer.caller.job(
    await developer.upload(`/v3/buildpacks/${guid}/upload`, [
      { name: "bits", content, filename: "b.zip" },
    ]),
  );
}

const asking = (...names: string[]) => `rivera:\n  toolchains: [${names.join(", ")}]\n`;

test("while a buildpack is being found all of them have their toolchains, then the droplet has those of the one", async () => {
  await using stage = await platform();
  const go = await stage.buildpack("go", asking("go"));
  await stage.buildpack("java", asking("maven", "java"));
  const plain = await stage.buildpack("plain", "language: plain\n");

  const first = await stage.stage();
  const goDroplet = await stage.finish(first.build, [`${go}_abc`]);
  const second = await stage.stage();
  // Replaced in the middle of the staging: what it was staged with counts.
  await stage.caller.delete(`/v3/buildpacks/${go}`);
  const goAgain = await stage.finish(second.build, [`${go}_abc`]);
  const third = await stage.stage();
  const plainDroplet = await stage.finish(third.build, [`${plain}_abc`]);

  assert.equal(first.rootFs, "preloaded:cflinuxfs4?toolchains=go,java,maven");
  assert.equal(await stage.taskRootFs(goDroplet), "preloaded:cflinuxfs4?toolchains=go");
  assert.equal(await stage.taskRootFs(goAgain), "preloaded:cflinuxfs4?toolchains=go");
  assert.equal(await stage.taskRootFs(plainDroplet), "preloaded:cflinuxfs4?toolchains=");
});

test("a chosen list has the toolchains of its buildpacks alone, and so has its app", async () => {
  await using stage = await platform();
  const node = await stage.buildpack("local-toolchains", asking("node"));
  const official = await stage.buildpack("nodejs", "language: nodejs\n");
  await stage.buildpack("java", asking("java"));

  const { build, rootFs } = await stage.stage(["local-toolchains", "nodejs"]);
  const droplet = await stage.finish(build, [`${node}_a`, `${official}_b`]);
  const { caller, app, bbs } = stage;
  await caller.patch(`/v3/apps/${app}/relationships/current_droplet`, { data: { guid: droplet } });
  await caller.post(`/v3/apps/${app}/actions/start`);

  assert.equal(rootFs, "preloaded:cflinuxfs4?toolchains=node");
  const [lrp] = bbs.desired.values();
  assert.equal(lrp?.rootFs, "preloaded:cflinuxfs4?toolchains=node");
});

test("RIVERA_TOOLCHAINS asks for more, of a group as of an app, for buildpacks that come from elsewhere", async () => {
  await using stage = await platform();
  const { caller, app } = stage;
  await caller.patch("/v3/environment_variable_groups/staging", {
    var: { RIVERA_TOOLCHAINS: "java" },
  });
  const ofGroup = await stage.stage(["https://example.com/x.git"]);
  await stage.finish(ofGroup.build, ["https://example.com/x.git"]);
  await caller.patch(`/v3/apps/${app}/environment_variables`, {
    var: { RIVERA_TOOLCHAINS: "node, go" },
  });
  const ofApp = await stage.stage(["https://example.com/x.git"]);
  const droplet = await stage.finish(ofApp.build, ["https://example.com/x.git"]);
  await caller.patch(`/v3/apps/${app}/environment_variables`, {
    var: { RIVERA_TOOLCHAINS: "../etc" },
  });
  const refused = await stage.stage();

  assert.equal(ofGroup.rootFs, "preloaded:cflinuxfs4?toolchains=java");
  assert.equal(ofApp.rootFs, "preloaded:cflinuxfs4?toolchains=go,node");
  assert.equal(await stage.taskRootFs(droplet), "preloaded:cflinuxfs4?toolchains=go,node");
  assert.match(refused.build.errors[0].detail, /RIVERA_TOOLCHAINS: "\.\.\/etc" is no toolchain's/);
});

test("a droplet of unknown making has all toolchains, a copy those of its original", async () => {
  await using stage = await platform();
  const { caller, app, developer } = stage;
  const java = await stage.buildpack("java", asking("java"));
  const { build } = await stage.stage(["java"]);
  const droplet = await stage.finish(build, [`${java}_a`]);

  const ofApp = { relationships: { app: { data: { guid: app } } } };
  const copy = await caller.post(`/v3/droplets?source_guid=${droplet}`, ofApp);
  const made = await caller.post("/v3/droplets", ofApp);
  const uploaded = await developer.upload(`/v3/droplets/${made.json.guid}/upload`, [
    { name: "bits", content: "a droplet", filename: "droplet.tgz" },
  ]);
  await caller.job(uploaded);
  await eventually(async () => {
    const { json } = await caller.get(`/v3/droplets/${copy.json.guid}`);
    return json.state === "STAGED" ? true : undefined;
  });

  assert.equal(
    await stage.taskRootFs(copy.json.guid),
    "preloaded:cflinuxfs4?toolchains=java",
    copy.text,
  );
  assert.equal(await stage.taskRootFs(made.json.guid), "preloaded:cflinuxfs4", uploaded.text);
});

test("an upload whose manifest names toolchains in another way is refused", async () => {
  await using stage = await platform();
  const { guid } = (await stage.caller.post("/v3/buildpacks", { name: "wrong" })).json;
  for (const manifest of [
    "rivera: { toolchains: node }",
    "rivera: { toolchains: [../node] }",
    "rivera: [node]",
  ]) {
    const job = await upload(stage.developer, guid, manifest);

    assert.equal(job.json.state, "FAILED", manifest);
    assert.match(job.json.errors[0].detail, /rivera\.toolchains must be a list of names/, manifest);
  }
});
