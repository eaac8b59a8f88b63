import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { settleS3 } from "./platform-blobstore.ts";
import { newPlatformState, readPlatformState, writePlatformState } from "./platform-state.ts";

function scratch() {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-blobstore-"));
  const blobs = path.join(dataDir, "blobs");
  mkdirSync(blobs);
  const ports = { apiPort: 1, routerPort: 2, bbsPort: 3, cloudControllerPort: 4 };
  writePlatformState(dataDir, newPlatformState(ports));
  const said: string[] = [];
  return {
    dataDir,
    blobs,
    said,
    settle: (asked: string | undefined) =>
      settleS3({ dataDir, blobs, asked, say: (line) => said.push(line) }),
    [Symbol.dispose]: () => rmSync(dataDir, { recursive: true }),
  };
}

test("blobs lie on disk where no bucket was ever asked for", () => {
  using folder = scratch();

  assert.equal(folder.settle(undefined), undefined);
  assert.deepEqual(folder.said, []);
});

test("a bucket that was asked for is remembered beside what the state holds, and told", () => {
  using folder = scratch();
  const before = readPlatformState(folder.dataDir);

  const first = folder.settle("s3://blobs/p?endpoint=http://127.0.0.1:9");
  const later = folder.settle(undefined);

  assert.equal(first?.bucket, "blobs");
  assert.deepEqual(later, first);
  assert.equal(folder.said[0], 'Blobs  S3 bucket "blobs" at http://127.0.0.1:9');
  const { blobstoreUrl, ...rest } = readPlatformState(folder.dataDir) ?? {};
  assert.equal(blobstoreUrl, "s3://blobs/p?endpoint=http://127.0.0.1:9");
  assert.deepEqual(rest, before);
});

test("a bucket is refused where blobs lie on disk already, and what is no URL of S3 is", () => {
  using folder = scratch();
  assert.throws(() => folder.settle("s3://key:secret@blobs"), /must hold no credentials/);
  mkdirSync(path.join(folder.blobs, ".checksums"));
  mkdirSync(path.join(folder.blobs, "cc-packages"));

  assert.throws(() => folder.settle("s3://blobs"), /--blobstore: .* has blobs already/);

  assert.doesNotMatch(readFileSync(path.join(folder.dataDir, "platform.json"), "utf8"), /secret@/);
});
