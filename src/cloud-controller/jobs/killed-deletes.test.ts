import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

// A process that is killed in the middle of a deletion: it stands still for good where it first touches a blob, and
// another starts on the same folder. What was acknowledged with 202 has to come to its end there, blobs included.

/** The real one, whose first deletion after `stall` never comes back. */
function stallingBlobstore(real: Blobstore) {
  const stalled = Promise.withResolvers<void>();
  const end = Promise.withResolvers<never>();
  end.promise.catch(() => undefined);
  let isStalling = false;
  const through = async (work: () => Promise<void>) => {
    if (!isStalling) return await work();
    stalled.resolve();
    return await end.promise;
  };
  const blobstore: Blobstore = {
    put: (key, content) => real.put(key, content),
    putFile: (key, file) => real.putFile(key, file),
    get: (key, range) => real.get(key, range),
    link: (key, name) => real.link(key, name),
    stat: (key) => real.stat(key),
    paths: (prefix) => real.paths(prefix),
    signedUrl: (key) => real.signedUrl(key),
    delete: (key) => through(() => real.delete(key)),
    deleteAll: (prefix) => through(() => real.deleteAll(prefix)),
  };
  return {
    blobstore,
    stalled: stalled.promise,
    stall: () => {
      isStalling = true;
    },
    [Symbol.dispose]: () => end.reject(new Error("the process is gone")),
  };
}

async function scratch() {
  const directory = await mkdtemp(path.join(tmpdir(), "killed-"));
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function blobsIn(directory: string): Promise<string[]> {
  const entries = await readdir(path.join(directory, "blobs"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/app_bits_cache|\.checksums/.test(file));
}

/** An app with a package, a droplet, and a buildpack, each with its bits. */
async function furnished(cc: TestCloudController, bbs: FakeBbs) {
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const app = await developer.createApp("app");
  const zip = buildZip([{ name: "server.js", content: "x".repeat(100) }]);
  const packageGuid = (await developer.packageOf(app, zip)).json.guid;
  const created = await caller.post("/v3/buildpacks", { name: "mine" });
  const uploaded = await developer.upload(`/v3/buildpacks/${created.json.guid}/upload`, [
    { name: "bits", content: buildZip([{ name: "bin/detect" }]), filename: "mine.zip" },
  ]);
  await caller.job(uploaded);
  const build = await developer.build(packageGuid);
  assert.equal(build.status, 201, build.text);
  await eventually(async () => bbs.taskMap.has(build.json.guid) || undefined);
  await developer.completeStaging(bbs, build.json.guid, { droplet: Buffer.from("droplet") });
  const droplet = (await caller.get(`/v3/builds/${build.json.guid}`)).json.droplet.guid;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const places = {
    app: `/v3/apps/${app}`,
    package: `/v3/packages/${packageGuid}`,
    droplet: `/v3/droplets/${droplet}`,
    buildpack: `/v3/buildpacks/${created.json.guid}`,
    space: `/v3/spaces/${spaceGuid}`,
    organization: `/v3/organizations/${organizationGuid}`,
  };
  for (const place of Object.values(places)) {
    const labelled = await caller.patch(place, { metadata: { labels: { kept: "no" } } });
    assert.equal(labelled.status, 200, labelled.text);
  }
  return places;
}

type Kind = keyof Awaited<ReturnType<typeof furnished>>;

// A buildpack is not among them: its bits go later, by a job of their own (old-bits.test.ts).
const cases: readonly {
  readonly kind: Kind;
  readonly goes: readonly Kind[];
  readonly blobs: number;
  /** What the job records where it has done its work. */
  readonly event: string;
}[] = [
  { kind: "package", goes: ["package"], blobs: 2, event: "audit.app.package.delete" },
  { kind: "droplet", goes: ["droplet"], blobs: 2, event: "audit.app.droplet.delete" },
  ...(
    [
      { kind: "app", goes: ["app", "package", "droplet"] },
      { kind: "space", goes: ["space", "app", "package", "droplet"] },
      { kind: "organization", goes: ["organization", "space", "app", "package", "droplet"] },
    ] as const
  ).map((deletion) => ({ ...deletion, blobs: 1, event: "audit.app.process.delete" })),
];

for (const { kind, goes, blobs, event } of cases) {
  test(`a deletion of a ${kind} that a kill interrupted is done after the next start`, async () => {
    const bbs = new FakeBbs();
    await using folder = await scratch();
    const { directory } = folder;
    const stalling = stallingBlobstore(
      await openDiskBlobstore({ directory: path.join(directory, "blobs"), minimumFreeBytes: 0 }),
    );
    const killed = await TestCloudController.start({
      directory,
      bbs,
      blobstore: stalling.blobstore,
    });
    try {
      const places = await furnished(killed, bbs);
      assert.equal((await blobsIn(directory)).length, 3);
      stalling.stall();
      const asker = await killed.as({
        userGuid: "asker-guid",
        userName: "asker",
        scopes: ["cloud_controller.admin"],
        payload: { email: "asker@example.com" },
      });
      const accepted = await asker.delete(places[kind]);
      assert.equal(accepted.status, 202, accepted.text);
      await stalling.stalled;

      await using next = await TestCloudController.start({ directory, bbs });
      const admin = await next.admin();
      const job = await admin.job(accepted);

      assert.equal(job.json.state, "COMPLETE", job.text);
      assert.deepEqual(job.json.errors, []);
      for (const gone of goes) assert.equal(await statusOf(admin, places[gone]), 404, gone);
      const stays = (Object.keys(places) as Kind[]).filter((each) => !goes.includes(each));
      for (const each of stays) assert.equal(await statusOf(admin, places[each]), 200, each);
      assert.equal((await blobsIn(directory)).length, blobs);
      const events = await admin.get(`/v3/audit_events?types=${event}`);
      assert.deepEqual(
        events.json.resources.map(({ actor }: { actor: unknown }) => actor),
        [{ guid: "asker-guid", type: "user", name: "asker@example.com" }],
      );
      assert.deepEqual(
        (await labelled(next)).toSorted(),
        stays.map((each) => places[each].slice(places[each].lastIndexOf("/") + 1)).toSorted(),
      );
    } finally {
      stalling[Symbol.dispose]();
      await killed[Symbol.asyncDispose]();
    }
  });
}

/** What the database keeps labels of. */
async function labelled(cc: TestCloudController): Promise<readonly string[]> {
  await using db = await cc.openDatabase();
  const rows = await db.selectFrom("metadata").select("resourceGuid").execute();
  return rows.map(({ resourceGuid }) => resourceGuid);
}

async function statusOf(caller: Caller, place: string): Promise<number> {
  return (await caller.get(place)).status;
}
