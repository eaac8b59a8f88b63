import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer, stagingResult } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const bits = (text: string) => [
  { name: "bits", filename: "b.zip", content: buildZip([{ name: "bin/detect", content: text }]) },
];

async function openedOn(cc: TestCloudController) {
  const { caller } = await Developer.admin(cc);
  const db = await cc.openDatabase();
  return {
    db,
    /** Has the platform do now what it put off. */
    hurry: async () => {
      await db.updateTable("jobs").set({ runAt: null }).execute();
      // Any new job sets the workers on.
      await caller.post("/v3/admin/actions/clear_buildpack_cache", {});
    },
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

/** A buildpack whose bits a staging under way was given. */
async function stagingWith(cc: TestCloudController, bbs: FakeBbs) {
  const developer = await Developer.admin(cc);
  const guid = String((await developer.caller.post("/v3/buildpacks", { name: "bp" })).json.guid);
  const upload = async (text: string) => {
    const sent = await developer.upload(`/v3/buildpacks/${guid}/upload`, bits(text));
    assert.equal((await developer.caller.job(sent)).json.state, "COMPLETE");
  };
  await upload("old");
  const found = await developer.packageOf(
    await developer.createApp("a"),
    buildZip([{ name: "x" }]),
  );
  const build = String((await developer.build(found.json.guid)).json.guid);
  const given = bbs.taskMap
    .get(build)
    ?.definition.cachedDependencies.find(({ name }) => name === "bp");
  assert.ok(given !== undefined);
  const stored = () =>
    globSync("cc-buildpacks/*/*/*", { cwd: path.join(cc.directory, "blobs") }).map((file) =>
      path.basename(file),
    );
  const { db, hurry } = await openedOn(cc);
  return {
    developer,
    guid,
    upload,
    build,
    key: given.cacheKey,
    stored,
    hurry,
    async putOffJobs() {
      const rows = await db
        .selectFrom("jobs")
        .select("guid")
        .where("operation", "=", "buildpack.remove_old_bits")
        .where("state", "=", "PROCESSING")
        .where("runAt", "is not", null)
        .execute();
      return rows.map(({ guid: job }) => job);
    },
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

test("a buildpack replaced during a staging keeps its old bits until the staging has ended, and the droplet its name", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  await using world = await stagingWith(cc, bbs);

  await world.upload("new");
  assert.equal(world.stored().length, 2);
  const [first] = await world.putOffJobs();
  assert.ok(first !== undefined);
  await world.hurry();
  // The time has come, but the staging still runs: it is put off again.
  await eventually(async () => {
    const [next] = await world.putOffJobs();
    return next !== undefined && next !== first ? true : undefined;
  });
  assert.ok(world.stored().includes(world.key));

  const result = stagingResult({
    lifecycle_metadata: {
      buildpack_key: world.key,
      detected_buildpack: "it",
      buildpacks: [{ key: world.key, name: "it", version: "1" }],
    },
  });
  await world.developer.completeStaging(bbs, world.build, {
    droplet: Buffer.from("droplet"),
    completion: { result: JSON.stringify(result) },
  });
  const { json: build } = await world.developer.caller.get(`/v3/builds/${world.build}`);
  const droplet = await world.developer.caller.get(`/v3/droplets/${build.droplet.guid}`);
  assert.equal(droplet.json.buildpacks[0].name, "bp");

  await world.hurry();
  await eventually(async () => (world.stored().includes(world.key) ? undefined : true));
  assert.equal(world.stored().length, 1);
});

test("bits that were uploaded again before the old ones went stay", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  await using world = await stagingWith(cc, bbs);
  await world.upload("new");
  await world.upload("old");
  await world.developer.completeStaging(bbs, world.build, { completion: { failed: true } });

  await world.hurry();
  await eventually(async () => (world.stored().length === 1 ? true : undefined));

  assert.deepEqual(world.stored(), [world.key]);
});

test("the bits of a deleted buildpack go when no staging uses them", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  await using world = await stagingWith(cc, bbs);
  const deleted = await world.developer.caller.job(
    await world.developer.caller.send("DELETE", `/v3/buildpacks/${world.guid}`),
  );
  assert.equal(deleted.json.state, "COMPLETE");
  assert.deepEqual(world.stored(), [world.key]);
  await world.developer.completeStaging(bbs, world.build, { completion: { failed: true } });

  await world.hurry();

  await eventually(async () => (world.stored().length === 0 ? true : undefined));
});

test("the bits of a deleted buildpack go also where the platform ended before their time came", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "old-bits-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const bbs = new FakeBbs();
  const before = await TestCloudController.start({ directory, bbs });
  const world = await stagingWith(before, bbs);
  await world.developer.completeStaging(bbs, world.build, { completion: { failed: true } });
  await world.developer.caller.send("DELETE", `/v3/buildpacks/${world.guid}`);
  await eventually(async () => ((await world.putOffJobs()).length === 1 ? true : undefined));
  await world[Symbol.asyncDispose]();
  await before[Symbol.asyncDispose]();
  assert.deepEqual(world.stored(), [world.key]);

  await using next = await TestCloudController.start({ directory, bbs });
  await using after = await openedOn(next);
  await after.hurry();

  await eventually(async () => (world.stored().length === 0 ? true : undefined));
});
