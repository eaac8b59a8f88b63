import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { randomGuids } from "#kernel/guid.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { FakeRuntime } from "../fake-runtime.ts";
import { DependencyStore, withinBudget, type Dependency } from "./dependency-store.ts";
import { Downloader } from "./downloader.ts";
import { FileServer, sha256Of } from "./file-server.ts";
import { ImpatientClock } from "./impatient-clock.ts";

const never = new AbortController().signal;
const content = Buffer.from("a buildpack");

async function bench(t: TestContext) {
  const directory = await mkdtemp(path.join(tmpdir(), "dependency-store-"));
  const server = await FileServer.start();
  const clock = new ImpatientClock();
  const downloader = new Downloader({
    directory: path.join(directory, "downloads"),
    clock,
    guids: randomGuids,
  });
  const runtime = new FakeRuntime(path.join(directory, "unpacked"));
  const stores: DependencyStore[] = [];
  t.after(async () => {
    // They write their file on their own.
    await Promise.all(stores.map((store) => store.saved()));
    await downloader[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  server.files.set("/buildpack", content);
  const open = async (budgetBytes = 1e9) => {
    const store = new DependencyStore({
      runtime,
      downloader,
      logger: new RecordingLogger(),
      file: path.join(directory, "dependencies.json"),
      budgetBytes,
    });
    stores.push(store);
    await store.load();
    return store;
  };
  const buildpack: Dependency = {
    url: server.url("/buildpack"),
    cacheKey: "buildpack-guid",
    checksum: sha256Of(content),
    owner: "root",
    below: "/",
  };
  return { server, runtime, directory, open, buildpack };
}

test("what a checksum names is fetched once, also over a restart", async (t) => {
  const { server, runtime, open, buildpack } = await bench(t);
  const store = await open();

  const first = await store.unpacked(buildpack, never);
  const second = await store.unpacked(buildpack, never);
  await store.saved();
  const third = await (await open()).unpacked(buildpack, never);

  assert.equal(first.downloadedBytes, content.length);
  assert.deepEqual(second, { directory: first.directory, downloadedBytes: 0 });
  assert.deepEqual(third, second);
  assert.equal(server.requests.length, 1);
  assert.equal(runtime.unpacked.length, 1);
});

test("two that want the same at once share one download", async (t) => {
  const { server, open, buildpack } = await bench(t);
  const store = await open();

  await Promise.all([store.unpacked(buildpack, never), store.unpacked(buildpack, never)]);

  assert.equal(server.requests.length, 1);
});

test("one that gives up does not take the download from the other", async (t) => {
  const { open, buildpack } = await bench(t);
  const store = await open();
  const stop = new AbortController();

  const given = assert.rejects(store.unpacked(buildpack, stop.signal), /enough/);
  const other = store.unpacked(buildpack, never);
  stop.abort(new Error("enough"));

  await given;
  assert.equal((await other).downloadedBytes, content.length);
});

test("what has no checksum is asked for each time, and fetched where it has changed", async (t) => {
  const { server, open, buildpack } = await bench(t);
  const store = await open();
  const unchecked = { ...buildpack, checksum: undefined };

  const first = await store.unpacked(unchecked, never);
  assert.equal((await store.unpacked(unchecked, never)).downloadedBytes, 0);
  server.files.set("/buildpack", Buffer.from("another buildpack"));
  const changed = await store.unpacked(unchecked, never);

  assert.equal(server.requests.length, 3);
  assert.notEqual(changed.directory, first.directory);
});

test("what is here serves while its source is away", async (t) => {
  const { server, open, buildpack } = await bench(t);
  const store = await open();
  const unchecked = { ...buildpack, checksum: undefined };
  const { directory } = await store.unpacked(unchecked, never);
  await server[Symbol.asyncDispose]();

  assert.deepEqual(await store.unpacked(unchecked, never), { directory, downloadedBytes: 0 });
});

test("what the runtime has lost is fetched again", async (t) => {
  const { server, open, buildpack } = await bench(t);
  const store = await open();
  const { directory } = await store.unpacked(buildpack, never);
  await rm(directory, { recursive: true });

  await store.unpacked(buildpack, never);

  assert.equal(server.requests.length, 2);
});

test("a bind and layers of the same archive are unpacked apart", async (t) => {
  const { runtime, open, buildpack } = await bench(t);
  const store = await open();

  await store.unpacked(buildpack, never);
  await store.unpacked({ ...buildpack, owner: "vcap", below: "/home/vcap" }, never);
  await store.unpacked({ ...buildpack, owner: "vcap", below: "/tmp/app" }, never);

  const { value } = sha256Of(content);
  assert.deepEqual(
    runtime.unpacked.map(({ key, below }) => [key, below]),
    [
      [`root-${value}`, "/"],
      [`vcap-${value}`, "/home/vcap"],
      [`vcap-${value}_tmp_app`, "/tmp/app"],
    ],
  );
});

test("beyond the budget, counted unpacked, the least recently used go", async (t) => {
  const { server, runtime, open, buildpack } = await bench(t);
  const named = (name: string): Dependency => {
    const bytes = Buffer.from(name);
    server.files.set(`/${name}`, bytes);
    const url = server.url(`/${name}`);
    return { ...buildpack, url, checksum: sha256Of(bytes), cacheKey: name };
  };
  const keyOf = (name: string) => `root-${sha256Of(Buffer.from(name)).value}`;
  const first = await open(100);
  await first.unpacked(named("first"), never);
  await first.unpacked(named("other"), never);
  await first.unpacked(named("first"), never);
  await first.saved();

  await (await open(100)).unpacked(named("third"), never);

  assert.deepEqual(runtime.pruned, [new Set([keyOf("third"), keyOf("first")])]);
});

test("withinBudget() keeps the newest that fit, and the newest in any case", () => {
  const entries = [
    { key: "old", bytes: 10 },
    { key: "middle", bytes: 10 },
    { key: "new", bytes: 10 },
  ];

  assert.deepEqual([...withinBudget(entries, 100)], ["new", "middle", "old"]);
  assert.deepEqual([...withinBudget(entries, 20)], ["new", "middle"]);
  assert.deepEqual([...withinBudget(entries, 5)], ["new"]);
  assert.deepEqual([...withinBudget([], 5)], []);
});

test("what the cell has at hand is not fetched by who wants it meanwhile or later", async (t) => {
  const { server, runtime, directory, open, buildpack } = await bench(t);
  const store = await open();
  const archive = path.join(directory, "droplet");
  await writeFile(archive, content);
  const droplet = { ...buildpack, owner: "vcap", below: "/home/vcap" } as const;

  const adding = store.add({ ...droplet, checksum: sha256Of(content) }, archive);
  const meanwhile = await store.unpacked(droplet, never);
  await adding;
  const later = await store.unpacked(droplet, never);

  assert.equal(meanwhile.downloadedBytes, 0);
  assert.deepEqual(later, meanwhile);
  assert.deepEqual(server.requests, []);
  assert.deepEqual(
    runtime.unpacked.map((request) => request.archive),
    [archive],
  );
  // The same bytes as a buildpack are another folder, with another owner.
  await store.unpacked(buildpack, never);
  assert.equal(server.requests.length, 1);
});
