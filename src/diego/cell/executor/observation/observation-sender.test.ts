import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { observationBatchSchema } from "#diego/models/observation.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { StepCancelled, StepFailure } from "../steps/step.ts";
import { ObservationSender } from "./observation-sender.ts";

test("batches come sooner while the answer says that somebody follows, whoever takes them", async () => {
  const answers = ['{"followed":true}', '{"followed":false}', "taken", "", "{}"];
  const taken: PromiseWithResolvers<void>[] = answers.map(() => Promise.withResolvers<void>());
  let count = 0;
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      response.end(answers[count]);
      taken[count]?.resolve();
      count += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const paused: number[] = [];
  const clock: Clock = {
    now: () => new Date(0),
    sleep: async (ms, signal) => {
      if (ms <= 1_000) paused.push(ms);
      // The time limit of a request: never over.
      else await new Promise((_, reject) => signal?.addEventListener("abort", reject));
    },
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const guids = () => "run";
  const sender = new ObservationSender({ url, clock, guids, logger: new RecordingLogger() });

  for (const each of taken) {
    sender.trace(Buffer.from("{}"));
    await each.promise;
  }
  await sender.close();

  assert.deepEqual(paused, [1_000, 400, 1_000, 1_000, 1_000]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("work tells what the developer may read of its failure, that it failed, or that it was interrupted", async () => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => void chunks.push(chunk))
      .once("end", () => {
        told.push(...outcomesIn(Buffer.concat(chunks).toString()));
        response.end("{}");
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const told: string[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const logger = new RecordingLogger();
  const sender = new ObservationSender({ url, clock: systemClock, guids: () => "run", logger });
  const ends = [
    new StepFailure("Failed to upload"),
    new Error("ENOTDIR: /data/blobs"),
    new StepCancelled(),
    new DOMException("over", "AbortError"),
  ];

  for (const end of ends) {
    const work = sender.span({ name: "upload", subject: "droplet" }, () => Promise.reject(end));
    await assert.rejects(work, end);
  }
  await sender.close();

  assert.deepEqual(told, ["Failed to upload", "failed", "interrupted", "interrupted"]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function outcomesIn(body: string): string[] {
  const { records } = observationBatchSchema.parse(JSON.parse(body));
  return records.flatMap(({ what }) => (what.kind === "span" ? [what.outcome] : []));
}
