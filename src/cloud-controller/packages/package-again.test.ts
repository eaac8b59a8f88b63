import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { digestsOf } from "#blobstore/digests.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

/** Stored as it is, so that the package is a large one. */
const big = { name: "big", content: Buffer.alloc(65 * 1024 * 1024, "rivera"), stored: true };
const small = { name: "small", content: Buffer.from("small") };
const everything = [big, small].map(({ name, content }) => ({
  path: name,
  mode: "644",
  checksum: { value: hash("sha1", content) },
  size_in_bytes: content.length,
}));

test("a large app pushed again unchanged is its last package once more, unless that has been spoilt", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const push = async (resources = everything): Promise<{ guid: string; sha256: string }> => {
    const guid = await developer.createPackage(app);
    const field = { name: "resources", content: JSON.stringify(resources) };
    await developer.upload(`/v3/packages/${guid}/upload`, [field]);
    return await whenReady(developer, guid);
  };
  const { json: brought } = await developer.packageOf(app, buildZip([big, small]));
  assert.equal(brought.state, "READY", JSON.stringify(brought));

  const again = await push();
  const changed = await push(everything.map((file) => ({ ...file, mode: "755" })));

  const fileOf = (guid: string) => {
    const { bucket, path: name } = packageBlob(guid);
    return path.join(cc.directory, "blobs", bucket, name);
  };
  const inodeOf = async (guid: string) => (await stat(fileOf(guid))).ino;
  assert.equal(again.sha256, brought.data.checksum.value);
  assert.equal(await inodeOf(again.guid), await inodeOf(brought.guid));
  assert.notEqual(changed.sha256, again.sha256);
  assert.notEqual(await inodeOf(changed.guid), await inodeOf(again.guid));

  const last = await push();
  await flipByte(fileOf(last.guid));
  const anew = await push();

  assert.equal(anew.sha256, again.sha256);
  assert.equal((await digestsOf(fileOf(anew.guid))).sha256, again.sha256);
});

async function whenReady(
  developer: Developer,
  guid: string,
): Promise<{ guid: string; sha256: string }> {
  return await eventually(async () => {
    const { json } = await developer.caller.get(`/v3/packages/${guid}`);
    assert.notEqual(json.state, "FAILED", JSON.stringify(json));
    return json.state === "READY" ? { guid, sha256: json.data.checksum.value } : undefined;
  });
}

async function flipByte(name: string): Promise<void> {
  await using file = await open(name, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, 1_000_000);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, 1_000_000);
}
