import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Clock } from "#kernel/clock/clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
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
