import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { pollUntilDone, type PollOptions } from "./long-poll.ts";

const signal = new AbortController().signal;

function polling(
  clock: FakeClock,
  fetch: () => Promise<string>,
  more: Partial<PollOptions<string>> = {},
): PollOptions<string> {
  return { clock, signal, fetch, isDone: (it) => it === "DONE", stateOf: (it) => it, ...more };
}

test("an answer that was held and changed is followed by the next question at once", async () => {
  const clock = new FakeClock();
  const states = ["A", "B", "DONE"];

  const result = await pollUntilDone(polling(clock, async () => states.shift() ?? "DONE"));

  assert.equal(result, "DONE");
  assert.deepEqual(states, []);
});

test("a server that answers the same at once is asked in steps from 250 ms to 1 s", async () => {
  const clock = new FakeClock();
  const start = clock.now().getTime();
  const askedAt: number[] = [];
  const polled = pollUntilDone(
    polling(clock, async () => {
      askedAt.push(clock.now().getTime() - start);
      return askedAt.length === 6 ? "DONE" : "SAME";
    }),
  );
  for (let round = 0; round < 4; round += 1)
    await clock.advance(round === 0 ? 250 : round === 1 ? 500 : 1_000);

  await polled;
  assert.deepEqual(askedAt, [0, 0, 250, 750, 1_750, 2_750]);
});

test("a poll that takes too long fails with the caller's error", async () => {
  const clock = new FakeClock();
  const polled = pollUntilDone(
    polling(clock, async () => "SAME", { timeoutMs: 300, onTimeout: () => new Error("too late") }),
  );
  const failed = assert.rejects(polled, /too late/);
  await clock.advance(250);
  await clock.advance(50);

  await failed;
});
