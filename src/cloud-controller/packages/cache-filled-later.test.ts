import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const tables = [
  { files: 501, isReadyFirst: true },
  { files: 500, isReadyFirst: false },
];

for (const { files, isReadyFirst } of tables) {
  const what = isReadyFirst ? "is READY before the cache has them" : "waits for the cache";
  test(`a package of ${files} new files ${what}, and then all of them are matched`, async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "filled-later-"));
    try {
      const held = Promise.withResolvers<void>();
      const blobstore = await withPacksHeld(path.join(directory, "blobs"), held.promise);
      await using cc = await TestCloudController.start({ directory, blobstore });
      using atEnd = new DisposableStack();
      atEnd.defer(held.resolve);
      const developer = await Developer.admin(cc);
      const app = await developer.createApp("a");
      const names = Array.from({ length: files }, (_, index) => `file-${index}`);
      const guid = await developer.createPackage(app);
      const zip = buildZip(names.map((name) => ({ name, content: name })));
      const matched = async () => {
        const answer = await developer.caller.post("/v3/resource_matches", {
          resources: names.map((name) => ({
            checksum: { value: hash("sha1", name) },
            size_in_bytes: name.length,
            mode: "0644",
          })),
        });
        return answer.json.resources.length;
      };

      // Held by the server for a second where the package is not READY by then.
      const uploaded = await developer.uploadBits(guid, zip);

      assert.equal(uploaded.json.state, isReadyFirst ? "READY" : "PROCESSING_UPLOAD");
      assert.equal(await matched(), 0);
      held.resolve();
      await eventually(async () => ((await matched()) === files ? true : undefined));
      const found = await developer.caller.get(`/v3/packages/${guid}`);
      assert.equal(found.json.state, "READY");
      const uploads = path.join(directory, "work/uploads");
      await eventually(async () => ((await readdir(uploads)).length === 0 ? true : undefined));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

async function withPacksHeld(directory: string, until: Promise<void>): Promise<Blobstore> {
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });
  const putFile: Blobstore["putFile"] = async (key, file, known) => {
    if (typeof key !== "function" && key.bucket === "cc-resources") await until;
    return await store.putFile(key, file, known);
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === "putFile") return putFile;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
