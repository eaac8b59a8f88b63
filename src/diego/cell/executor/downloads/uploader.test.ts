import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { randomGuids } from "#kernel/guid.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { FileServer } from "./file-server.ts";
import { ImpatientClock } from "./impatient-clock.ts";
import { Uploader, UploadFailed } from "./uploader.ts";

const never = new AbortController().signal;
const content = Buffer.from("a droplet");
const copyTo = (file: string) => writeFile(file, content);

async function bench(t: TestContext, options: { readonly hands?: boolean } = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), "uploader-"));
  const handoverDirectory = await mkdtemp(path.join(tmpdir(), "handover-"));
  const server = await FileServer.start();
  const uploader = new Uploader({
    directory,
    clock: new ImpatientClock(),
    guids: randomGuids,
    logger: new RecordingLogger(),
    handoverDirectory: options.hands === true ? handoverDirectory : undefined,
  });
  t.after(async () => {
    await uploader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    for (const folder of [directory, handoverDirectory]) {
      await rm(folder, { recursive: true, force: true });
    }
  });
  return { server, uploader, directory, handoverDirectory };
}

test("a file is sent with its length and checksums, and leaves nothing behind", async (t) => {
  const { server, uploader, directory } = await bench(t);

  const uploaded = await uploader.upload({ url: server.url("/droplet"), copyTo }, never);

  assert.deepEqual(uploaded, { bytes: content.length, isUnchanged: false });
  const [upload] = server.uploads;
  assert.deepEqual(upload?.body, content);
  assert.equal(upload?.headers["content-length"], String(content.length));
  assert.equal(
    upload?.headers["content-digest"],
    `sha-256=:${createHash("sha256").update(content).digest("base64")}:`,
  );
  assert.deepEqual(await readdir(directory), []);
});

test("to a receiver of this machine the file itself is handed; to another one its bytes are sent", async (t) => {
  const { server, uploader, directory, handoverDirectory } = await bench(t, { hands: true });
  server.handoverDirectory = handoverDirectory;
  const url = server.url("/droplet");
  await uploader.upload({ url, copyTo }, never);

  server.handoverDirectory = undefined;
  server.troubles.push(422);
  await uploader.upload({ url, copyTo }, never);

  assert.deepEqual(
    server.uploads.map(({ headers, body }) => [headers["content-length"], body.toString()]),
    [
      ["0", "a droplet"],
      ["9", "a droplet"],
    ],
  );
  assert.equal(
    server.uploads[0]?.headers["content-digest"],
    server.uploads[1]?.headers["content-digest"],
  );
  assert.deepEqual([await readdir(handoverDirectory), await readdir(directory)], [[], []]);
});

test("an upload is tried three times", async (t) => {
  const { server, uploader } = await bench(t);
  server.troubles.push(503, "drop");
  await uploader.upload({ url: server.url("/droplet"), copyTo }, never);
  assert.equal(server.uploads.length, 1);

  server.troubles.push(500, 500, 500);
  await assert.rejects(
    uploader.upload({ url: server.url("/droplet"), copyTo }, never),
    UploadFailed,
  );
  assert.equal(server.uploads.length, 1);
});

test("content that breaks off is not sent", async (t) => {
  const { server, uploader } = await bench(t);
  const broken = async (file: string) => {
    await writeFile(file, "half of");
    throw new Error("the container is gone");
  };

  await assert.rejects(
    uploader.upload({ url: server.url("/droplet"), copyTo: broken }, never),
    /is gone/,
  );

  assert.deepEqual(server.requests, []);
});

test("what the receiver has already is not sent again", async (t) => {
  const { server, uploader, directory } = await bench(t);
  const knownSha256 = createHash("sha256").update(content).digest("hex");
  const url = server.url("/cache");

  const same = await uploader.upload({ url, copyTo, knownSha256 }, never);
  assert.deepEqual(same, { bytes: content.length, isUnchanged: true });
  assert.deepEqual(server.requests, []);
  assert.deepEqual(await readdir(directory), []);

  const other = (file: string) => writeFile(file, "changed");
  const changed = await uploader.upload({ url, copyTo: other, knownSha256 }, never);
  assert.equal(changed.isUnchanged, false);
  assert.equal(server.uploads[0]?.body.toString(), "changed");
});

test("who uses the file has it until done, also after it was sent, and a failure is theirs", async (t) => {
  const { server, uploader, directory } = await bench(t);
  const sent = Promise.withResolvers<void>();
  const used = Promise.withResolvers<string>();
  const use = async (file: { path: string; sha256: string }) => {
    await sent.promise;
    used.resolve(`${file.sha256} ${await readFile(file.path, "utf8")}`);
    throw new Error("no room");
  };

  await uploader.upload({ url: server.url("/droplet"), copyTo, use }, never);
  assert.equal(server.uploads.length, 1);
  sent.resolve();

  const sha256 = createHash("sha256").update(content).digest("hex");
  assert.equal(await used.promise, `${sha256} a droplet`);
  await uploader[Symbol.asyncDispose]();
  await assert.rejects(readdir(directory), { code: "ENOENT" });
});
