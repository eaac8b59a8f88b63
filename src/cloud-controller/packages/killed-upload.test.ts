import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { packageBlob, resourcePackBlob } from "../blobs/blob-keys.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const child = fileURLToPath(new URL("../testing/upload-and-die.ts", import.meta.url));
const points = [
  "before cc-resources",
  "after cc-resources",
  "before cc-packages",
  "after cc-packages",
];

for (const point of points) {
  test(`killed ${point}, an upload leaves nothing that is served, and nothing that is named is missing`, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "killed-"));
    try {
      const killed = spawn(process.execPath, [child, directory, point], { stdio: "inherit" });
      const [, signal] = await once(killed, "exit");
      assert.equal(signal, "SIGKILL");

      await using cc = await TestCloudController.start({ directory });

      const developer = await Developer.admin(cc);
      const [found, ...more] = (await developer.caller.get("/v3/packages")).json.resources;
      assert.equal(more.length, 0);
      assert.equal(found.state, "FAILED");
      assert.match(found.data.error, /push again/);
      assert.deepEqual(await readdir(path.join(directory, "work/uploads")), []);
      await assertNothingMissing(cc, found.guid);
      const app = found.relationships.app.data.guid;
      const again = await developer.packageOf(
        app,
        buildZip([{ name: "one", content: "content of one" }]),
      );
      assert.equal(again.json.state, "READY", again.text);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** Every content that a row names lies in its blob; the package that failed has none. */
async function assertNothingMissing(cc: TestCloudController, packageGuid: string): Promise<void> {
  await using db = await cc.openDatabase();
  const store = await openDiskBlobstore({
    directory: path.join(cc.directory, "blobs"),
    minimumFreeBytes: 0,
  });
  assert.equal(await store.stat(packageBlob(packageGuid)), undefined);
  for (const file of await db.selectFrom("resourceFiles").selectAll().execute()) {
    const blob = await store.stat(resourcePackBlob(file.packGuid));
    assert.ok(blob !== undefined && blob.size >= file.offset + file.compressedSize, file.sha256);
  }
  const packs = await db.selectFrom("resourcePacks").select("guid").execute();
  const names = await readdir(path.join(cc.directory, "blobs"), { recursive: true });
  const stored = names.map((name) => path.basename(name)).filter((name) => name.length === 36);
  assert.deepEqual(
    stored.filter((name) => !packs.some(({ guid }) => guid === name)),
    [],
  );
}
