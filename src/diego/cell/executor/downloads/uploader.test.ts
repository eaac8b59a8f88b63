import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { randomGuids } from "#kernel/guid.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { FileServer } from "./file-server.ts";
import { ImpatientClock } from "./impatient-clock.ts";
import { Uploader, UploadFailed } from "./uploader.ts";

const never = new AbortController().signal;
const content = Buffer.from("a droplet");
const stream = async () => Readable.from([content], { objectMode: false });

async function bench(t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), "uploader-"));
  const server = await FileServer.start();
  const uploader = new Uploader({
    directory,
    clock: new ImpatientClock(),
    guids: randomGuids,
    logger: new RecordingLogger(),
  });
  t.after(async () => {
    await uploader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  return { server, uploader, directory };
}

test("a file is sent with its length and checksums, and leaves nothing behind", async (t) => {
  const { server, uploader, directory } = await bench(t);

  const bytes = await uploader.upload(server.url("/droplet"), stream, never);

  assert.equal(bytes, content.length);
  const [upload] = server.uploads;
  assert.deepEqual(upload?.body, content);
  assert.equal(upload?.headers["content-length"], String(content.length));
  assert.equal(upload?.headers["content-md5"], createHash("md5").update(content).digest("base64"));
  assert.equal(
    upload?.headers["content-digest"],
    `sha-256=:${createHash("sha256").update(content).digest("base64")}:`,
  );
  assert.deepEqual(await readdir(directory), []);
});

test("an upload is tried three times", async (t) => {
  const { server, uploader } = await bench(t);
  server.troubles.push(503, "drop");
  await uploader.upload(server.url("/droplet"), stream, never);
  assert.equal(server.uploads.length, 1);

  server.troubles.push(500, 500, 500);
  await assert.rejects(uploader.upload(server.url("/droplet"), stream, never), UploadFailed);
  assert.equal(server.uploads.length, 1);
});

test("content that breaks off is not sent", async (t) => {
  const { server, uploader } = await bench(t);
  const broken = async () =>
    new Readable({
      read() {
        this.destroy(new Error("the container is gone"));
      },
    });

  await assert.rejects(uploader.upload(server.url("/droplet"), broken, never), /is gone/);

  assert.deepEqual(server.requests, []);
});
