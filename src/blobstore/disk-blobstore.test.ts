import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { testBlobstoreContract } from "./blobstore.contract.test.ts";
import { BlobstoreFull } from "./blobstore.ts";
import { openDiskBlobstore } from "./disk-blobstore.ts";

async function temporaryDirectory(): Promise<{ readonly directory: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), "blobstore-"));
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

testBlobstoreContract("disk blobstore", async () => {
  const temporary = await temporaryDirectory();
  const store = await openDiskBlobstore({ directory: temporary.directory, minimumFreeBytes: 0 });
  return { store, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
});

test("a blob lies under its bucket and key, and nothing is left beside it", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });

  await store.put({ bucket: "cc-droplets", path: "aa/bb/g/s" }, Readable.from([Buffer.from("x")]));

  assert.deepEqual(await readdir(path.join(directory, "cc-droplets/aa/bb/g")), ["s"]);
  assert.deepEqual(await readdir(path.join(directory, ".incomplete")), []);
});

test("opening sweeps what a killed process left half-written", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  await mkdir(path.join(directory, ".incomplete"), { recursive: true });
  await writeFile(path.join(directory, ".incomplete/half"), "half of a droplet");

  await openDiskBlobstore({ directory, minimumFreeBytes: 0 });

  assert.deepEqual(await readdir(path.join(directory, ".incomplete")), []);
});

test("a write is refused where it would use the reserve, and leaves nothing", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: Number.MAX_SAFE_INTEGER });
  const key = { bucket: "cc-packages", path: "aa/bb/g" } as const;

  await assert.rejects(store.put(key, Readable.from([Buffer.from("x")])), BlobstoreFull);

  assert.equal(await store.stat(key), undefined);
  assert.deepEqual(await readdir(path.join(directory, ".incomplete")), []);
});
