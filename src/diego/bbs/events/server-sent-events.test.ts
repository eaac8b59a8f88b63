import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { serverSentEvents } from "./server-sent-events.ts";

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const size of sizes) {
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
  yield bytes.subarray(offset);
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<string[]> {
  const events: string[] = [];
  for await (const { name, data } of serverSentEvents(body)) events.push(`${name}=${data}`);
  return events;
}

const stream = Buffer.from(
  ": hello\n\nid: 0\nevent: task_created\ndata: QUJD\n\nid: 1\r\nevent: é\r\ndata: a\r\ndata:b\r\n\r\nevent: cut",
);

test("events are read wherever the chunks are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 9 }), { maxLength: 30 }), async (sizes) => {
      assert.deepEqual(await collect(chunked(stream, sizes)), ["task_created=QUJD", "é=a\nb"]);
    }),
  );
});

test("a body that breaks ends the events", async () => {
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("event: x\ndata: 1\n\n");
    throw new Error("connection reset");
  }
  assert.deepEqual(await collect(breaking()), ["x=1"]);
});
