import assert from "node:assert/strict";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { testBlobstoreContract } from "./blobstore.contract.test.ts";
import { Registry } from "prom-client";
import { BlobCorrupt, BlobstoreFull, type BlobKey, type Blobstore } from "./blobstore.ts";
import { openDiskBlobstore } from "./disk-blobstore.ts";
import { MeteredBlobstore } from "./metered-blobstore.ts";

async function temporaryDirectory(): Promise<{ readonly directory: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), "blobstore-"));
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

testBlobstoreContract("disk blobstore", () => opened((store) => store));
testBlobstoreContract("metered disk blobstore", () =>
  opened((store) => new MeteredBlobstore(store, new Registry())),
);

async function opened(as: (store: Blobstore) => Blobstore) {
  const temporary = await temporaryDirectory();
  const store = await openDiskBlobstore({ directory: temporary.directory, minimumFreeBytes: 0 });
  return {
    store: as(store),
    corrupt: (key: BlobKey) => flipFirstByte(path.join(temporary.directory, key.bucket, key.path)),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** As a failing disk would: the file system knows of no change. */
async function flipFirstByte(file: string): Promise<void> {
  const { atime, mtime } = await stat(file);
  const handle = await open(file, "r+");
  await handle.write(Buffer.from([0xff]), 0, 1, 0);
  await handle.close();
  await utimes(file, atime, mtime);
}

test("a blob lies under its bucket and key, and nothing is left beside it", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });

  await store.put({ bucket: "cc-droplets", path: "aa/bb/g/s" }, Readable.from([Buffer.from("x")]));

  assert.deepEqual(await readdir(path.join(directory, "cc-droplets/aa/bb/g")), ["s"]);
  assert.deepEqual(await readdir(path.join(directory, ".incomplete")), []);
});

test("a blob that somebody wrote over is refused, whenever it was", async (t) => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const key = { bucket: "cc-packages", path: "aa/bb/g" } as const;
  const file = path.join(directory, "cc-packages/aa/bb/g");
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });
  await store.put(key, Readable.from([Buffer.from("of an app")]));
  const { birthtimeMs } = await stat(file);

  await flipFirstByte(file);
  await utimes(file, 2_000_000_000, 2_000_000_000);

  if (birthtimeMs === 0 || (await stat(file)).birthtimeMs !== birthtimeMs) {
    t.skip("the file system keeps no time of birth");
    return;
  }
  await assert.rejects(text(await store.get(key)), BlobCorrupt);
});

test("a blob of which another version was restored is read", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const key = { bucket: "cc-packages", path: "aa/bb/g" } as const;
  const file = path.join(directory, "cc-packages/aa/bb/g");
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });
  await store.put(key, Readable.from([Buffer.from("of today")]));

  await writeFile(`${file}.restored`, "of yesterday");
  await rename(`${file}.restored`, file);

  assert.equal(await text(await store.get(key)), "of yesterday");
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

test("a checksum of another file, or a torn one, does not keep a blob from being read", async () => {
  await using temporary = await temporaryDirectory();
  const { directory } = temporary;
  const store = await openDiskBlobstore({ directory, minimumFreeBytes: 0 });
  const key = { bucket: "cc-packages", path: "aa/bb/g" } as const;
  await store.put(key, Readable.from([Buffer.from("old")]));
  const checksum = path.join(directory, ".checksums", key.bucket, key.path);

  for (const torn of ["", "00", `${"0".repeat(64)} 1:1\n`]) {
    await writeFile(checksum, torn);
    assert.equal(await text(await store.get(key)), "old");
  }
  await rm(checksum);
  assert.equal(await text(await store.get(key)), "old");
});
