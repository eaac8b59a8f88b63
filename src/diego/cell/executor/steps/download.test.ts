import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { DownloadAction } from "#diego/models/action.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { unobserved } from "../observation/observer.ts";
import { DownloadFailed, type Download, type DownloadRequest } from "../downloads/downloader.ts";
import { FakeRuntime } from "../fake-runtime.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { downloadStep, layeredDownloadStep } from "./download.ts";
import { StepCancelled } from "./step.ts";

const action: DownloadAction = {
  kind: "download",
  artifact: "app package",
  from: "http://cc/package?signature=hunter2",
  to: "/tmp/app",
  cacheKey: "",
  logSource: "STG",
  user: "vcap",
};

async function bench(t: TestContext, content: string | Error) {
  const directory = await mkdtemp(path.join(tmpdir(), "download-step-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const container = await new FakeRuntime(directory).create({
    handle: "c",
    stack: "cflinuxfs4",
    layers: [],
    binds: [],
    limits: { memoryBytes: 0, pids: 0, cpuShares: 2, diskBytes: 0 },
    egress: false,
    properties: {},
  });
  const logs = new RecordedLogs();
  const destination = {
    sourceId: "app",
    instanceId: "0",
    tags: {},
    sourceType: "STG",
    rateLimitBytesPerSecond: -1,
  };
  const log = createLogStreamer(destination, { clock: new FakeClock(), logs }).source("STG");
  const fetch = async (_request: DownloadRequest): Promise<Download> => {
    if (content instanceof Error) throw content;
    const file = path.join(directory, "file");
    await writeFile(file, content);
    return {
      kind: "file",
      path: file,
      bytes: content.length,
      sha256: "",
      etag: undefined,
      [Symbol.asyncDispose]: () => rm(file),
    };
  };
  const logger = new RecordingLogger();
  const parts = { container, downloader: { fetch }, log, logger, observer: unobserved };
  return { container, logs, log, parts };
}

const never = new AbortController().signal;

test("what is fetched is extracted at its place, as its user", async (t) => {
  const { container, logs, parts } = await bench(t, "a tar of an app");

  await downloadStep(parts, action)(never, () => undefined);

  assert.deepEqual(container.received, [
    { path: "/tmp/app", user: "vcap", tar: Buffer.from("a tar of an app") },
  ]);
  assert.deepEqual(logs.lines(), [
    "STG/0 OUT Downloading app package...",
    "STG/0 OUT Downloaded app package (15B)",
  ]);
});

test("an artifact without a name is fetched in silence", async (t) => {
  const { logs, parts } = await bench(t, "x");

  await downloadStep(parts, { ...action, artifact: "" })(never, () => undefined);

  assert.deepEqual(logs.lines(), []);
});

test("a failure is said without its URL", async (t) => {
  const { logs, parts } = await bench(t, new DownloadFailed("Download failed: Status code 500"));

  await assert.rejects(
    downloadStep(parts, action)(never, () => undefined),
    {
      name: "StepFailure",
      message: "Downloading app package failed",
    },
  );

  assert.deepEqual(logs.lines().slice(1), ["STG/0 ERR Downloading app package failed"]);
  assert.doesNotMatch(logs.lines().join("\n"), /hunter2/);
});

test("what the container does not take is said with the reason", async (t) => {
  const { container, logs, parts } = await bench(t, "too much");
  container.streamIn = async () => {
    throw new Error("no space left on device");
  };
  const message = "Copying app package into the container failed: no space left on device";

  await assert.rejects(
    downloadStep(parts, action)(never, () => undefined),
    { message },
  );

  assert.equal(logs.lines().at(-1), `STG/0 ERR ${message}`);
});

test("a cancelled download is cancelled, not failed", async (t) => {
  const stop = new AbortController();
  const { container, parts } = await bench(t, "x");
  container.streamIn = async () => {
    stop.abort();
    throw new Error("the stream broke off");
  };

  await assert.rejects(
    downloadStep(parts, action)(stop.signal, () => undefined),
    StepCancelled,
  );
});

test("what lies under the container is only said, with a size where it was fetched", async (t) => {
  const { log, logs } = await bench(t, "x");

  await layeredDownloadStep(log, { ...action, artifact: "droplet" }, 2048)(never, () => undefined);
  await layeredDownloadStep(log, { ...action, artifact: "droplet" }, 0)(never, () => undefined);

  assert.deepEqual(logs.lines(), [
    "STG/0 OUT Downloading droplet...",
    "STG/0 OUT Downloaded droplet (2K)",
    "STG/0 OUT Downloading droplet...",
    "STG/0 OUT Downloaded droplet",
  ]);
});
