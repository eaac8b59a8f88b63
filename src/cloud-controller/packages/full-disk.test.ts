import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { runChecked } from "#kernel/process/run-command.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { eventually } from "../testing/eventually.ts";
import { sha1Of } from "../testing/resource-cache-bed.ts";

const mebibyte = 1024 ** 2;

/** A disk of its own of 12 MiB, with the folders `work` and `blobs`; undefined, and the test skipped, where none can be mounted. */
async function smallDisk(t: TestContext) {
  const disk = await mkdtemp(path.join(tmpdir(), "full-disk-"));
  const mount = ["-t", "tmpfs", "-o", "size=12m", "tmpfs", disk];
  try {
    await runChecked("mount", mount);
  } catch (error) {
    await rm(disk, { recursive: true });
    t.skip(`no file system can be mounted: ${error instanceof Error ? error.message : ""}`);
    return undefined;
  }
  await mkdir(path.join(disk, "work"));
  await mkdir(path.join(disk, "blobs"));
  return {
    work: path.join(disk, "work"),
    blobs: path.join(disk, "blobs"),
    async freeBytes() {
      const { bavail, bsize } = await statfs(disk);
      return bavail * bsize;
    },
    async fill(name: string, bytes: number) {
      await writeFile(path.join(disk, name), randomBytes(bytes));
    },
    async empty(name: string) {
      await rm(path.join(disk, name));
    },
    async [Symbol.asyncDispose]() {
      await runChecked("umount", [disk]);
      await rm(disk, { recursive: true });
    },
  };
}

/** Content that does not compress, so that its zip is as large. */
const large = (bytes: number) =>
  buildZip([{ name: "large", content: randomBytes(bytes).toString("latin1") }]);

test("an upload for which the disk is too small is refused, leaves nothing, and may come again", async (t) => {
  await using disk = await smallDisk(t);
  if (disk === undefined) return;
  await using cc = await TestCloudController.start({ staging: { workDirectory: disk.work } });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const guid = await developer.createPackage(app);
  await disk.fill("ballast", 10 * mebibyte);
  const free = await disk.freeBytes();

  const refused = await developer.uploadBits(guid, large(3 * mebibyte));

  assert.equal(refused.status, 500, refused.text);
  assert.equal(refused.json.errors[0].title, "CF-BlobstoreError");
  assert.match(refused.json.errors[0].detail, /No space left/);
  assert.equal((await developer.caller.get(`/v3/packages/${guid}`)).json.state, "AWAITING_UPLOAD");
  await eventually(async () => ((await disk.freeBytes()) === free ? true : undefined));
  await disk.empty("ballast");
  assert.equal((await developer.uploadBits(guid, large(mebibyte))).status, 200);
});

test("a package for which the disk is too small fails with the reason, and leaves no blob and no file", async (t) => {
  await using disk = await smallDisk(t);
  if (disk === undefined) return;
  await using cc = await TestCloudController.start({ staging: { workDirectory: disk.work } });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const free = await disk.freeBytes();

  const failed = await developer.packageOf(app, large(7 * mebibyte));

  assert.equal(failed.json.state, "FAILED");
  const { error } = failed.json.data;
  assert.match(
    error,
    /^No space left for blobs: \d+ MiB are needed, \d+ MiB are free, \d+ MiB are kept$/,
  );
  await eventually(async () => ((await disk.freeBytes()) === free ? true : undefined));
  assert.deepEqual(await blobsOf(path.join(cc.directory, "blobs")), []);
  assert.ok(cc.logLines.some(({ payload }) => String(payload).includes("No space left")));
});

test("matched files for which the disk is too small fail the package with the reason", async (t) => {
  await using disk = await smallDisk(t);
  if (disk === undefined) return;
  await using cc = await TestCloudController.start({ staging: { workDirectory: disk.work } });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const content = randomBytes(2 * mebibyte).toString("latin1");
  const first = await developer.packageOf(app, buildZip([{ name: "a", content }]));
  assert.equal(first.json.state, "READY", first.text);
  await disk.fill("ballast", (await disk.freeBytes()) - mebibyte);
  const free = await disk.freeBytes();
  const resource = {
    checksum: { value: sha1Of(content) },
    size_in_bytes: Buffer.byteLength(content),
    path: "a",
    mode: "644",
  };

  const failed = await developer.packageOf(app, buildZip([{ name: "b", content: "b" }]), [
    resource,
  ]);
  await disk.empty("ballast");
  const again = await developer.packageOf(app, buildZip([{ name: "b", content: "b" }]), [resource]);

  assert.equal(failed.json.state, "FAILED");
  assert.match(failed.json.data.error, /^No space left for blobs/);
  assert.equal(again.json.state, "READY", again.text);
  assert.ok((await disk.freeBytes()) > free);
});

test("a droplet for which the disk of the blobs is too small fails its job with the reason", async (t) => {
  await using disk = await smallDisk(t);
  if (disk === undefined) return;
  const blobstore = await openDiskBlobstore({ directory: disk.blobs, minimumFreeBytes: 0 });
  await using cc = await TestCloudController.start({ blobstore });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const created = await developer.caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: app } } },
    process_types: { web: "run" },
  });
  await disk.fill("ballast", 10 * mebibyte);
  const bits = gzipSync(randomBytes(4 * mebibyte));

  const uploaded = await developer.upload(`/v3/droplets/${created.json.guid}/upload`, [
    { name: "bits", content: bits, filename: "droplet.tgz" },
  ]);
  const job = await developer.caller.job(uploaded);

  assert.equal(job.json.state, "FAILED", job.text);
  assert.match(job.json.errors[0].detail, /No space left/);
  assert.deepEqual(await blobsOf(disk.blobs), []);
});

async function blobsOf(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".checksums"))
    .map(({ name }) => name);
}
