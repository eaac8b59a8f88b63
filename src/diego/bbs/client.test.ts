import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { test, type TestContext } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { desiredLrpRequest, taskDefinition } from "#diego/models/model-builders.ts";
import { bbsTestBed, eventually, refusedAs, secret } from "./bbs-test-bed.ts";
import { createBbsClient } from "./client.ts";

async function fakeBbs(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return `http://127.0.0.1:${address.port}`;
}

test("a broken connection is tried three times, half a second apart", async (t) => {
  let calls = 0;
  const url = await fakeBbs(t, (request) => {
    calls += 1;
    request.socket.destroy();
  });
  const clock = new FakeClock();
  const refused = assert.rejects(
    createBbsClient({ url, secret, clock }).domains(),
    refusedAs("Unknown"),
  );
  await clock.advance(500);
  await clock.advance(500);
  await refused;
  assert.equal(calls, 3);
});

test("a connection that works on the second try is as good", async (t) => {
  let calls = 0;
  const url = await fakeBbs(t, (request, response) => {
    calls += 1;
    if (calls === 1) request.socket.destroy();
    else response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });
  const clock = new FakeClock();
  const domains = createBbsClient({ url, secret, clock }).domains();
  await clock.advance(500);
  assert.deepEqual(await domains, []);
});

test("an answer that is none is an invalid response, and is not asked for again", async (t) => {
  let calls = 0;
  const url = await fakeBbs(t, (_request, response) => {
    calls += 1;
    if (calls === 1) response.writeHead(502).end("bad gateway");
    else response.end("not protobuf");
  });
  const client = createBbsClient({ url, secret, clock: new FakeClock() });
  await assert.rejects(client.domains(), refusedAs("InvalidResponse"));
  await assert.rejects(client.domains(), refusedAs("InvalidResponse"));
  assert.equal(calls, 2);
});

test("a wrong secret is an invalid response", async () => {
  await using bed = await bbsTestBed();
  const wrong = `${secret}x` as typeof secret;
  const client = createBbsClient({ url: bed.url, secret: wrong, clock: bed.clock });
  await assert.rejects(client.domains(), refusedAs("InvalidResponse"));
  await assert.rejects(
    client.subscribeToTaskEvents(new AbortController().signal),
    refusedAs("InvalidResponse"),
  );
});

test("events come to every subscriber from its subscription on, and end with the BBS", async () => {
  const bed = await bbsTestBed();
  const never = new AbortController().signal;
  const definition = taskDefinition();
  await bed.client.desireTask({ definition, taskGuid: "task-1", domain: "cf-tasks" });
  const taskEvents = await bed.client.subscribeToTaskEvents(never);
  const lrpEvents = await bed.client.subscribeToLrpEvents(never);
  await bed.client.desireLrp(desiredLrpRequest({ instances: 0 }));
  await bed.client.cancelTask("task-1");

  const heard: string[] = [];
  const listen = async (events: AsyncIterable<{ readonly kind: string }>) => {
    for await (const { kind } of events) heard.push(kind);
  };
  const listening = Promise.all([listen(taskEvents), listen(lrpEvents)]);
  await eventually(() => heard.length === 2);
  await bed[Symbol.asyncDispose]();
  await listening;

  assert.deepEqual(heard.toSorted(), ["desired_lrp_created", "task_changed"]);
});

test("events end once the subscriber aborts", async () => {
  await using bed = await bbsTestBed();
  const stop = new AbortController();
  const events = await bed.client.subscribeToLrpEvents(stop.signal);
  const ended = (async () => {
    for await (const event of events) assert.fail(`heard ${event.kind}`);
  })();
  stop.abort();
  await ended;
});
