import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import type { UploadAction } from "#diego/models/action.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { unobserved } from "../observation/observer.ts";
import { UploadFailed } from "../downloads/uploader.ts";
import { FakeRuntime } from "../fake-runtime.ts";
import { createLogStreamer } from "../logs/log-streamer.ts";
import { RecordedLogs } from "../logs/recorded-logs.ts";
import { StepCancelled } from "./step.ts";
import { uploadStep } from "./upload.ts";

const action: UploadAction = {
  kind: "upload",
  artifact: "droplet",
  from: "/tmp/droplet",
  to: "http://cc/upload?signature=hunter2",
  logSource: "STG",
  user: "vcap",
};

async function bench(send: (url: string, content: Readable) => Promise<number>) {
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
  const uploader = {
    upload: async (url: string, content: () => Promise<Readable>) => send(url, await content()),
  };
  const parts = { container, uploader, log, logger: new RecordingLogger(), observer: unobserved };
  const step = uploadStep(parts, action);
  return { container, logs, step };
}

const never = new AbortController().signal;

test("a file of the container is sent, and its size said", async () => {
  const sent: [string, string][] = [];
  const { container, logs, step } = await bench(async (url, content) => {
    const body = await buffer(content);
    sent.push([url, body.toString("utf8")]);
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

test("a file that is not there fails the step", async () => {
  const { step } = await bench(async () => 0);

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
