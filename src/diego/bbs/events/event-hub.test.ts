import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { EventHub, type EventSubscription } from "./event-hub.ts";

function numbers(bufferSize = 1_024) {
  const logger = new RecordingLogger();
  let encodings = 0;
  const hub = new EventHub<number>({
    logger,
    encode: (event) => {
      encodings += 1;
      return Buffer.from([event]);
    },
    bufferSize,
  });
  return { hub, logger, encodings: () => encodings };
}

async function read(subscription: EventSubscription<number>, count: number): Promise<number[]> {
  const events: number[] = [];
  if (count === 0) return events;
  for await (const { event } of subscription) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

test("subscribers hear what they accept, in order, from their subscription on", async () => {
  const { hub, encodings } = numbers();
  hub.emit(1);
  const all = hub.subscribe(() => true);
  const even = hub.subscribe((event) => event % 2 === 0);
  for (const event of [2, 3, 4]) hub.emit(event);

  assert.deepEqual(await read(all, 3), [2, 3, 4]);
  assert.deepEqual(await read(even, 2), [2, 4]);
  assert.equal(encodings(), 3);
});

test("a subscriber that waits is woken", async () => {
  const { hub } = numbers();
  const subscription = hub.subscribe(() => true);
  const reading = read(subscription, 2);
  hub.emit(1);
  await Promise.resolve();
  hub.emit(2);
  assert.deepEqual(await reading, [1, 2]);
});

test("a subscriber that lags behind its buffer is closed, the others go on", async () => {
  const { hub, logger } = numbers(2);
  const slow = hub.subscribe(() => true);
  for (const event of [1, 2, 3]) hub.emit(event);
  const other = hub.subscribe(() => true);
  hub.emit(4);

  const heard: number[] = [];
  for await (const { event } of slow) heard.push(event);
  assert.deepEqual(heard, []);
  assert.deepEqual(
    logger.lines.map(({ event }) => event),
    ["slow-event-consumer-closed"],
  );
  assert.deepEqual(await read(other, 1), [4]);
});

test("closing the hub ends every iteration, and those of later subscribers", async () => {
  const { hub } = numbers();
  const reading = read(
    hub.subscribe(() => true),
    1,
  );
  hub.close();
  assert.deepEqual(await reading, []);
  assert.deepEqual(
    await read(
      hub.subscribe(() => true),
      1,
    ),
    [],
  );
});
