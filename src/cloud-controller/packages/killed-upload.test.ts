import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { packageBlob, resourcePackBlob } from "../blobs/blob-keys.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const child = fileURLToPath(new URL("../testing/upload-and-die.ts", import.meta.url));
type After = "AWAITING_UPLOAD" | "FAILED" | "READY";
/** Every step of an upload, in its order, and what its package is after the next start. */
const points: readonly (readonly [string, After])[] = [
  // Not committed: the upload may be sent again.
  ['after update "packages"', "AWAITING_UPLOAD"],
  ['after insert into "audit_events" #2', "AWAITING_UPLOAD"],
  // Taken, checked, and the matched files looked up.
  ['after select "sha1", "modified"', "FAILED"],
  // Their packs found; they are read while the package is written.
  ["after link cc-resources", "FAILED"],
  // Assembled; the new files go into the cache.
  ['after insert into "resource_packs"', "FAILED"],
  ["before put cc-resources", "FAILED"],
  ["after put cc-resources", "FAILED"],
  ['after update "resource_packs"', "FAILED"],
  ['after insert into "resource_files"', "FAILED"],
  ['after insert into "resources"', "FAILED"],
  ["after put cc-packages", "FAILED"],
  // Acknowledged.
  ['after update "packages" #2', "READY"],
];

/** The same where the upload is so large that a thread makes its package, and the cache is filled once that is READY. */
const pointsOfLarge: readonly (readonly [string, After])[] = [
  ["while upload", "AWAITING_UPLOAD"],
  ["while package.zip", "FAILED"],
  ["while pack-0", "FAILED"],
  ['after insert into "resource_packs"', "READY"],
  ["after put cc-resources", "READY"],
  ['after insert into "resource_files" #3', "READY"],
  ['after insert into "resources" #3', "READY"],
];
/** Once the upload is answered the next process goes on with it, wherever it stood. */
const pointsOfAnswered: readonly (readonly [string, After])[] = [
  ["answered at link cc-resources", "READY"],
  ["answered at put cc-resources", "READY"],
  ["answered at put cc-packages", "READY"],
];
const cuts = [
  ...points.map(([point, state]) => ({ point, state, files: 1 })),
  ...pointsOfLarge.map(([point, state]) => ({ point, state, files: 600 })),
  ...pointsOfAnswered.map(([point, state]) => ({ point, state, files: 1 })),
];

for (const { point, state, files } of cuts) {
  test(`killed ${point}, an upload of ${files} is ${state} after the next start: nothing half-made is served, nothing named is missing`, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "killed-"));
    try {
      const killed = spawn(process.execPath, [child, directory, point, String(files)], {
        stdio: "inherit",
      });
      const [, signal] = await once(killed, "exit");
      assert.equal(signal, "SIGKILL");

      await using cc = await TestCloudController.start({ directory });

      const developer = await Developer.admin(cc);
      const list = await eventually(async () => {
        const answer = await developer.caller.get("/v3/packages?order_by=created_at");
        const isMade = answer.json.resources.every(
          (each: { state: string }) => each.state !== "PROCESSING_UPLOAD",
        );
        return isMade ? answer : undefined;
      });
      const [first, found, ...more] = list.json.resources;
      assert.equal(more.length, 0);
      assert.equal(first.state, "READY");
      assert.equal(found.state, state);
      const uploads = path.join(directory, "work/uploads");
      await eventually(async () => ((await readdir(uploads)).length === 0 ? true : undefined));
      await assertNothingMissing(cc, list.json.resources);
      if (state === "FAILED") assert.match(found.data.error, /push again/);
      if (state === "AWAITING_UPLOAD") {
        const sent = await developer.uploadBits(found.guid, buildZip([{ name: "x" }]));
        assert.equal(sent.json.state, "READY", sent.text);
      }
      const again = await developer.packageOf(
        first.relationships.app.data.guid,
        buildZip([{ name: "two", content: "content of two" }]),
      );
      assert.equal(again.json.state, "READY", again.text);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** Every content that a row names lies in its blob; a package has its bits, whole, or none. */
async function assertNothingMissing(
  cc: TestCloudController,
  packages: readonly { readonly guid: string; readonly state: string }[],
): Promise<void> {
  await using db = await cc.openDatabase();
  const store = await openDiskBlobstore({
    directory: path.join(cc.directory, "blobs"),
    minimumFreeBytes: 0,
  });
  for (const { guid, state } of packages) {
    const row = db.selectFrom("packages").select("sha256").where("guid", "=", guid);
    const { sha256 } = await row.executeTakeFirstOrThrow();
    if (state === "READY") {
      const content = await buffer(await store.get(packageBlob(guid)));
      assert.equal(hash("sha256", content), sha256);
    } else assert.equal(await store.stat(packageBlob(guid)), undefined);
  }
  for (const file of await db.selectFrom("resourceFiles").selectAll().execute()) {
    const blob = await store.stat(resourcePackBlob(file.packGuid));
    assert.ok(blob !== undefined && blob.size >= file.offset + file.compressedSize, file.sha256);
  }
  const packs = await db.selectFrom("resourcePacks").select("guid").execute();
  const names = await readdir(path.join(cc.directory, "blobs"), { recursive: true });
  const stored = names.map((name) => path.basename(name)).filter((name) => name.length === 36);
  const known = new Set([...packs, ...packages].map(({ guid }) => guid));
  assert.deepEqual(
    stored.filter((name) => !known.has(name)),
    [],
  );
}
