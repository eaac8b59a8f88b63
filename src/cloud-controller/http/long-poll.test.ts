import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "undici";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { listenOnLoopback } from "../internal-server.ts";
import { eventually } from "../testing/eventually.ts";
import { createBareServer } from "./create-server.ts";
import { Changes, LongPoll } from "./long-poll.ts";

test("a poll answers when its thing changes, when its time is up, and at once for wait=0", async () => {
  await using server = await serve();
  server.state.value = "PENDING";

  const changed = server.get();
  await server.clock.sleeping(1);
  server.state.value = "DONE";
  server.changes.notify("thing");
  assert.equal(await changed, "DONE");

  server.state.value = "PENDING";
  const expired = server.get();
  await server.clock.sleeping(1);
  await server.clock.advance(20_000);
  assert.equal(await expired, "PENDING");

  assert.equal(await server.get({ prefer: "respond-async, wait=0" }), "PENDING");
  const shorter = server.get({ prefer: "wait=2" });
  await server.clock.sleeping(1);
  await server.clock.advance(2_000);
  assert.equal(await shorter, "PENDING");
});

test("a change of another thing does not answer a poll, and a client that leaves is forgotten", async () => {
  await using server = await serve();
  server.state.value = "PENDING";
  const leaving = new AbortController();

  const poll = server.get({}, leaving.signal);
  await server.clock.sleeping(1);
  server.changes.notify("other");
  const before = { held: server.held(), reads: server.reads() };
  leaving.abort();
  await assert.rejects(poll);
  await server.left.promise;
  await eventually(async () => (server.held() === 0 ? true : undefined));

  assert.deepEqual(before, { held: 1, reads: 1 });
});

test("a stop of the server ends every wait", async () => {
  await using server = await serve();
  server.state.value = "PENDING";
  const poll = server.get();
  await server.clock.sleeping(1);

  server.stopping.abort();

  assert.equal(await poll, "PENDING");
});

async function serve() {
  const clock = new FakeClock();
  const changes = new Changes();
  const stopping = new AbortController();
  const longPoll = new LongPoll({
    clock,
    changes,
    stopping: stopping.signal,
    defaultMs: 20_000,
  });
  const state = { value: "" };
  const left = Promise.withResolvers<void>();
  let reads = 0;
  const app = createBareServer(new RecordingLogger());
  app.get("/", async (incoming, reply) => {
    reply.raw.once("close", () => left.resolve());
    return await longPoll.hold(incoming, reply, {
      key: "thing",
      read: async () => {
        reads += 1;
        return state.value;
      },
      isPending: (value) => value === "PENDING",
    });
  });
  const url = await listenOnLoopback(app, 0);
  return {
    clock,
    changes,
    stopping,
    state,
    left,
    reads: () => reads,
    held: () => longPoll.held,
    async get(headers: Record<string, string> = {}, signal?: AbortSignal): Promise<string> {
      const answer = await request(url, { headers, ...(signal === undefined ? {} : { signal }) });
      return await answer.body.text();
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}
