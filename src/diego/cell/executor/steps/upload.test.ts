import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { UploadAction } from "#diego/models/action.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { unobserved } from "../observation/observer.ts";
import { type Upload, UploadFailed } from "../downloads/uploader.ts";
import { FakeRuntime } from "../fake-runtime.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { StepCancelled } from "./step.ts";
import { uploadStep, type UploadStepParts } from "./upload.ts";

const action: UploadAction = {
  kind: "upload",
  artifact: "droplet",
  from: "/tmp/droplet",
  to: "http://cc/upload?signature=hunter2",
  logSource: "STG",
  user: "vcap",
};

async function bench(
  send: (url: string, copyTo: Upload["copyTo"]) => Promise<number>,
  options: { artifact?: string; isUnchanged?: boolean } = {},
) {
  const container = await new FakeRuntime(tmpdir()).create({
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
  const uploads: Upload[] = [];
  const uploader = {
    upload: async (upload: Upload) => {
      uploads.push(upload);
      const bytes = await send(upload.url, upload.copyTo);
      return { bytes, isUnchanged: options.isUnchanged ?? false };
    },
  };
  const added: [key: string, archive: string][] = [];
  const layers: UploadStepParts["layers"] = {
    add: async ({ checksum, owner, below }, archive) => {
      added.push([`${owner} ${below} ${checksum.value}`, archive]);
    },
  };
  const step = uploadStep(
    {
      container,
      uploader,
      layers,
      log,
      knownSha256: "5ac",
      logger: new RecordingLogger(),
      observer: unobserved,
    },
    { ...action, artifact: options.artifact ?? action.artifact },
  );
  return { container, logs, step, uploads, added };
}

const never = new AbortController().signal;

test("a file of the container is sent, and its size said", async (t) => {
  const sent: [string, string][] = [];
  const folder = await mkdtemp(path.join(tmpdir(), "rivera-upload-"));
  t.after(() => rm(folder, { recursive: true }));
  const { container, logs, step } = await bench(async (url, copyTo) => {
    const file = path.join(folder, "copy");
    await copyTo(file);
    const body = await readFile(file, "utf8");
    sent.push([url, body]);
    return body.length;
  });
  container.files.set("/tmp/droplet", Buffer.from("the droplet"));

  await step(never, () => undefined);

  assert.deepEqual(sent, [[action.to, "the droplet"]]);
  assert.deepEqual(logs.lines(), [
    "STG/0 OUT Uploading droplet...",
    "STG/0 OUT Uploaded droplet (11B)",
  ]);
});

test("a cache that is as it was is said to be, and known by its checksum", async () => {
  const { container, logs, step, uploads } = await bench(async () => 11, {
    artifact: "build artifacts cache",
    isUnchanged: true,
  });
  container.files.set("/tmp/droplet", Buffer.from("the cache"));

  await step(never, () => undefined);

  assert.equal(uploads[0]?.knownSha256, "5ac");
  assert.equal(uploads[0]?.use, undefined);
  assert.deepEqual(logs.lines(), [
    "STG/0 OUT Uploading build artifacts cache...",
    "STG/0 OUT Build artifacts cache is unchanged",
  ]);
});

test("a droplet becomes a layer of the cell under the checksum of what was sent", async () => {
  const { container, step, uploads, added } = await bench(async () => 11);
  container.files.set("/tmp/droplet", Buffer.from("the droplet"));
  await step(never, () => undefined);

  await uploads[0]?.use?.({ path: "/uploads/1", sha256: "d20" });

  assert.deepEqual(added, [["vcap /home/vcap d20", "/uploads/1"]]);
});

test("a file that is not there fails the step", async () => {
  const { step } = await bench(async (_url, copyTo) => {
    await copyTo("/nowhere");
    return 0;
  });

  await assert.rejects(
    step(never, () => undefined),
    {
      name: "StepFailure",
      message: "Failed to establish stream from container",
    },
  );
});

test("a receiver that does not take it fails the step without saying the URL", async () => {
  const { container, logs, step } = await bench(async (url) => {
    throw new UploadFailed("Upload failed", { cause: new Error(`status 500 from ${url}`) });
  });
  container.files.set("/tmp/droplet", Buffer.from("the droplet"));

  await assert.rejects(
    step(never, () => undefined),
    {
      message: "Failed to upload payload for droplet",
    },
  );

  assert.doesNotMatch(logs.lines().join("\n"), /hunter2/);
});

test("a cancelled upload is cancelled, not failed", async () => {
  const stop = new AbortController();
  const { container, step } = await bench(async () => {
    stop.abort();
    throw new Error("aborted");
  });
  container.files.set("/tmp/droplet", Buffer.from("the droplet"));

  await assert.rejects(
    step(stop.signal, () => undefined),
    StepCancelled,
  );
});
