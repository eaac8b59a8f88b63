import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Checksum } from "#diego/models/action.ts";
import { randomGuids } from "#kernel/guid.ts";
import { Downloader, DownloadFailed } from "./downloader.ts";
import { FileServer, sha256Of } from "./file-server.ts";
import { ImpatientClock } from "./impatient-clock.ts";

const never = new AbortController().signal;
const content = Buffer.from("the bits of an app");

async function bench(t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), "downloader-"));
  const handoverDirectory = await mkdtemp(path.join(tmpdir(), "handover-"));
  const server = await FileServer.start();
  const clock = new ImpatientClock();
  const downloader = new Downloader({ directory, clock, guids: randomGuids, handoverDirectory });
  t.after(async () => {
    await downloader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    for (const folder of [directory, handoverDirectory]) {
      await rm(folder, { recursive: true, force: true });
    }
  });
  server.files.set("/package", content);
  return { server, clock, downloader, directory, handoverDirectory };
}

test("a sender of this machine hands a file over, which is verified, and gone at the end of its scope", async (t) => {
  const { server, downloader, directory, handoverDirectory } = await bench(t);
  server.handoverDirectory = handoverDirectory;
  const url = server.url("/package");
  const checksum = sha256Of(content);

  {
    const download = await downloader.fetch({ url, checksum }, never);
    assert.ok(download.kind === "file");
    await using file = download;
    assert.equal(path.dirname(file.path), handoverDirectory);
    assert.deepEqual(await readFile(file.path), content);
    assert.equal(file.sha256, checksum.value);
  }
  await assert.rejects(
    downloader.fetch({ url, checksum: { ...checksum, value: "0".repeat(64) } }, never),
    /the checksum does not match/,
  );

  assert.deepEqual([await readdir(handoverDirectory), await readdir(directory)], [[], []]);
});

test("a file that was handed over on another machine comes as bytes at the next try", async (t) => {
  const { server, downloader, directory, handoverDirectory } = await bench(t);
  server.handoverDirectory = await mkdtemp(path.join(tmpdir(), "elsewhere-"));

  const download = await downloader.fetch({ url: server.url("/package") }, never);

  assert.ok(download.kind === "file");
  assert.equal(path.dirname(download.path), directory);
  assert.equal(server.requests.length, 2);
  assert.deepEqual(await readdir(handoverDirectory), []);
  await rm(server.handoverDirectory, { recursive: true });
});

test("a file is fetched, measured, and gone at the end of its scope", async (t) => {
  const { server, downloader, directory } = await bench(t);

  {
    const download = await downloader.fetch({ url: server.url("/package") }, never);
    assert.equal(download.kind, "file");
    if (download.kind !== "file") return;
    await using file = download;
    assert.deepEqual(await readFile(file.path), content);
    assert.equal(file.bytes, content.length);
    assert.equal(file.sha256, sha256Of(content).value);
  }

  assert.deepEqual(await readdir(directory), []);
});

test("each kind of checksum is verified; a wrong one fails without another try", async (t) => {
  const { server, downloader, directory } = await bench(t);
  for (const algorithm of ["md5", "sha1", "sha256"] satisfies Checksum["algorithm"][]) {
    const value = createHash(algorithm).update(content).digest("hex");
    const url = server.url("/package");
    await downloader.fetch({ url, checksum: { algorithm, value: value.toUpperCase() } }, never);

    server.requests.length = 0;
    await assert.rejects(
      downloader.fetch({ url, checksum: { algorithm, value: value.replace(/./, "x") } }, never),
      /the checksum does not match/,
    );
    assert.deepEqual(server.requests, ["/package"]);
  }
  assert.equal((await readdir(directory)).length, 3, "only what was fetched well is kept");
});

test("what may pass is tried four times with growing pauses", async (t) => {
  const { server, downloader, clock } = await bench(t);
  server.troubles.push(500, "drop", 503);

  const download = await downloader.fetch({ url: server.url("/package") }, never);

  assert.equal(download.kind, "file");
  assert.deepEqual(clock.pauses, [500, 1000, 2000]);

  server.troubles.push(500, 500, 500, 502);
  await assert.rejects(downloader.fetch({ url: server.url("/package") }, never), {
    name: "DownloadFailed",
    message: "Download failed: Status code 502",
  });
});

test("what is not there is not asked for again", async (t) => {
  const { server, downloader } = await bench(t);

  await assert.rejects(downloader.fetch({ url: server.url("/nothing") }, never), DownloadFailed);

  assert.deepEqual(server.requests, ["/nothing"]);
});

test("no error says the URL", async (t) => {
  const { server, downloader } = await bench(t);
  const url = server.url("/package");
  await server[Symbol.asyncDispose]();

  await assert.rejects(downloader.fetch({ url }, never), (error: Error) => {
    assert.match(error.message, /ECONNREFUSED/);
    assert.doesNotMatch(error.message, /hunter2|127\.0\.0\.1/);
    return true;
  });
});

test("nothing is fetched where the ETag still holds", async (t) => {
  const { server, downloader } = await bench(t);
  const url = server.url("/package");
  const first = await downloader.fetch({ url }, never);
  assert.equal(first.kind, "file");
  if (first.kind !== "file") return;

  assert.deepEqual(await downloader.fetch({ url, etag: first.etag }, never), {
    kind: "not-modified",
  });
  server.files.set("/package", Buffer.from("newer"));
  assert.equal((await downloader.fetch({ url, etag: first.etag }, never)).kind, "file");
});

test("a cancelled download ends with the reason of its signal", async (t) => {
  const { server, downloader } = await bench(t);
  const stop = new AbortController();
  stop.abort(new Error("enough"));

  await assert.rejects(downloader.fetch({ url: server.url("/package") }, stop.signal), /enough/);
});
