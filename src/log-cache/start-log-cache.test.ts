import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { toNanoseconds, type Clock } from "#kernel/clock/clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { asInternalSecret, internalSecretHeader } from "#kernel/http/internal-auth.ts";
import { forRequest } from "#kernel/http/request-id.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import { createLogCacheClient, createLogIngest, type LogEnvelope } from "./client.ts";
import { startLogCache, type LogCacheConfig } from "./start-log-cache.ts";

const secret = asInternalSecret("s3cret");
const logger = new RecordingLogger();

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Cloud Controller as log-cache sees it: `bearer developer` may read the source `app`. */
async function serveLogAccess(): Promise<{ url: string; asked: string[]; revoke(): void }> {
  const asked: string[] = [];
  let isRevoked = false;
  const url = await serve((request, response) => {
    asked.push(request.url ?? "");
    const mayRead =
      request.headers[internalSecretHeader] === secret &&
      request.headers.authorization === "bearer developer" &&
      request.url === "/internal/v4/log_access/app" &&
      !isRevoked;
    response.writeHead(mayRead ? 200 : 404).end("{}");
  });
  return { url, asked, revoke: () => (isRevoked = true) };
}

async function start(clock: Clock = systemClock, config: Partial<LogCacheConfig> = {}) {
  const cloudController = await serveLogAccess();
  const logCache = await startLogCache(
    { internalPort: 0, secret, ...config },
    { clock, logger, access: { logAccessUrl: () => cloudController.url } },
  );
  after(() => logCache[Symbol.asyncDispose]());
  const publicUrl = await serve(logCache.handler);
  const ingest = createLogIngest({ url: logCache.url, secret }, { clock, logger });
  after(() => ingest[Symbol.asyncDispose]());
  const client = createLogCacheClient({ url: logCache.url, secret }, { clock });
  const read = (path: string, authorization = "bearer developer") =>
    fetch(`${publicUrl}${path}`, { headers: { authorization } });
  return { logCache, publicUrl, ingest, client, read, cloudController };
}

function line(payload: string | Uint8Array, over: Partial<LogEnvelope> = {}): LogEnvelope {
  return {
    sourceId: "app",
    instanceId: "0",
    sourceType: "APP/PROC/WEB",
    type: "OUT",
    payload,
    timestamp: 1_000n,
    origin: "rep",
    tags: { process_type: "web" },
    ...over,
  };
}

test("a line that was handed in is read in the exact form of the official client", async () => {
  const { ingest, read } = await start();

  ingest.emit(line("hello", { timestamp: 1795370432952000000n }));
  await ingest.flush();
  const response = await read("/api/v1/read/app");

  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {
    envelopes: {
      batch: [
        {
          timestamp: "1795370432952000000",
          source_id: "app",
          instance_id: "0",
          deprecated_tags: {},
          tags: { process_type: "web", source_type: "APP/PROC/WEB", origin: "rep" },
          log: { payload: "aGVsbG8=", type: "OUT" },
        },
      ],
    },
  });
});

test("a gauge is read with its metrics, and with the origin of who emitted it", async () => {
  const { ingest, read, client } = await start();
  const metrics = { cpu: { unit: "percentage", value: 1.5 }, memory: { unit: "bytes", value: 42 } };

  const source = { sourceId: "app", instanceId: "0", timestamp: 5n };
  ingest.emitGauge({ ...source, origin: "rep", tags: { a: "b", origin: "forged" }, metrics });
  await ingest.flush();

  const answer = await (await read("/api/v1/read/app?envelope_types=GAUGE")).json();
  assert.deepEqual(answer, {
    envelopes: {
      batch: [
        {
          timestamp: "5",
          source_id: "app",
          instance_id: "0",
          deprecated_tags: {},
          tags: { a: "b", origin: "rep" },
          gauge: { metrics },
        },
      ],
    },
  });
  assert.deepEqual(await client.latestGauges("app"), [
    { ...source, tags: { a: "b", origin: "rep" }, metrics },
  ]);
});

test("bytes that are no text come out as they went in", async () => {
  const { ingest, read } = await start();
  const bytes = Uint8Array.from([0, 255, 27, 91, 51, 49, 109, 0xc3]);

  ingest.emit(line(bytes));
  await ingest.flush();

  const answer = await (await read("/api/v1/read/app")).text();
  assert.ok(answer.includes(Buffer.from(bytes).toString("base64")));
});

test("an app without logs gives an empty batch, not an error", async () => {
  const { read } = await start();

  const response = await read("/api/v1/read/app?limit=1&descending=true");

  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { envelopes: { batch: [] } });
});

test("the version tells the official client to read at /api/v1", async () => {
  const { publicUrl } = await start();

  const info = await (await fetch(`${publicUrl}/api/v1/info`)).json();

  assert.deepEqual(info, { version: "3.0.0", vm_uptime: "0" });
});

for (const [what, path, authorization] of [
  ["another's app", "/api/v1/read/other", "bearer developer"],
  ["a wrong token", "/api/v1/read/app", "bearer stranger"],
  ["no token", "/api/v1/read/app", ""],
  ["a basic header", "/api/v1/read/app", "Basic YTpi"],
  ["a source with a slash", "/api/v1/read/..%2fapp", "bearer developer"],
  ["an unknown path", "/api/v1/else", "bearer developer"],
] as const) {
  test(`a read with ${what} is answered 404`, async () => {
    const { ingest, read } = await start();
    ingest.emit(line("private"));
    await ingest.flush();

    const response = await read(path, authorization);

    assert.equal(response.status, 404);
    assert.ok(!(await response.text()).includes("cHJpdmF0ZQ"));
  });
}

test("a bad query is answered 400 and says what is wrong", async () => {
  const { read } = await start();

  const response = await read("/api/v1/read/app?limit=5000");

  assert.equal(response.status, 400);
  assert.match(await response.text(), /Limit \(5000\) must be 1000 or less/);
});

test("a right once given is asked for again after five seconds", async () => {
  const clock = new FakeClock();
  const { read, cloudController } = await start(clock);
  assert.equal((await read("/api/v1/read/app")).status, 200);
  assert.equal((await read("/api/v1/read/app")).status, 200);
  assert.equal(cloudController.asked.length, 1);

  cloudController.revoke();
  const elapse = clock.sleep(5_001);
  await clock.advance(5_001);
  await elapse;

  assert.equal((await read("/api/v1/read/app")).status, 404);
});

test("meta tells only of sources that the reader may see", async () => {
  const { ingest, read } = await start();
  ingest.emit(line("a", { timestamp: 7n }));
  ingest.emit(line("b", { sourceId: "other" }));
  await ingest.flush();

  assert.deepEqual(await (await read("/api/v1/meta")).json(), {
    meta: { app: { count: "1", expired: "0", oldestTimestamp: "7", newestTimestamp: "7" } },
  });
});

test("the internal listener refuses whoever lacks the secret", async () => {
  const { logCache, read } = await start();

  for (const [method, path] of [
    ["POST", "/v1/ingest"],
    ["GET", "/v1/tails/app"],
    ["GET", "/v1/latest-gauges/app"],
  ]) {
    const response = await fetch(`${logCache.url}${path}`, {
      method: method ?? "",
      headers: { [internalSecretHeader]: "guess", "content-type": "application/json" },
      ...(method === "POST" ? { body: '{"batch":[]}' } : {}),
    });
    assert.equal(response.status, 401);
  }
  assert.equal((await read("/v1/ingest")).status, 404);
});

test("one malformed envelope does not cost the others of its batch", async () => {
  const { ingest, read } = await start();

  ingest.emitGauge({
    sourceId: "app",
    instanceId: "0",
    timestamp: 1n,
    origin: "rep",
    tags: {},
    metrics: { cpu: { unit: "percentage", value: Number.NaN } },
  });
  ingest.emit(line("still here"));
  await ingest.flush();

  const answer = await (await read("/api/v1/read/app")).text();
  assert.ok(answer.includes(Buffer.from("still here").toString("base64")));
});

test("a tail is told apart from a look at recent logs, and so is how far it has come", async () => {
  const clock = new FakeClock();
  const { ingest, read, client } = await start(clock);
  const now = toNanoseconds(clock.now());
  ingest.emit(line("old", { timestamp: now - 3_000_000_000n }));
  ingest.emit(line("new", { timestamp: now }));
  await ingest.flush();

  await read("/api/v1/read/app?descending=true&limit=1000");
  assert.equal((await client.tail("app")).tailed, false);

  await read("/api/v1/read/app?start_time=0");
  assert.deepEqual(await client.tail("app"), {
    tailed: true,
    newestReturned: now,
    newestShown: now - 3_000_000_000n,
    newestStored: now,
  });

  const elapse = clock.sleep(2_001);
  await clock.advance(2_001);
  await elapse;
  assert.equal((await client.tail("app")).tailed, false);
});

test("lines emitted in one millisecond arrive in their order, across batches", async () => {
  const { ingest, read } = await start();
  const texts = Array.from({ length: 5_000 }, (_, i) => `line ${i}`);

  for (const text of texts) ingest.emit(line(text, { timestamp: 1_000_000n }));
  await ingest.flush();

  const found: string[] = [];
  let from = 0n;
  for (;;) {
    const page = (await (
      await read(`/api/v1/read/app?limit=1000&start_time=${from}&envelope_types=LOG`)
    ).json()) as { envelopes: { batch: { timestamp: string; log: { payload: string } }[] } };
    if (page.envelopes.batch.length === 0) break;
    for (const envelope of page.envelopes.batch) {
      found.push(Buffer.from(envelope.log.payload, "base64").toString());
      from = BigInt(envelope.timestamp) + 1n;
    }
  }
  assert.deepEqual(found, texts);
});

test("while log-cache is away lines wait, the oldest give way, and a line says how many", async () => {
  const clock = new FakeClock();
  const { ingest: unused, read, logCache } = await start(clock);
  await unused.flush();
  let isUp = false;
  const gate = await serve((request, response) => {
    if (!isUp) return void response.writeHead(503).end();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void fetch(`${logCache.url}${request.url}`, {
        method: "POST",
        headers: { [internalSecretHeader]: secret, "content-type": "application/json" },
        body: Buffer.concat(chunks),
      }).then((answer) => response.writeHead(answer.status).end());
    });
  });
  const ingest = createLogIngest({ url: gate, secret }, { clock, logger });
  after(() => ingest[Symbol.asyncDispose]());
  const payload = "x".repeat(60_000);
  for (let i = 0; i < 200; i += 1) ingest.emit(line(payload, { timestamp: BigInt(i + 1) }));
  await ingest.flush();
  assert.deepEqual(await (await read("/api/v1/read/app")).json(), { envelopes: { batch: [] } });

  isUp = true;
  await ingest.flush();

  interface Line {
    readonly timestamp: string;
    readonly tags: Record<string, string>;
    readonly log: { readonly payload: string };
  }
  const found: Line[] = [];
  for (let from = 0n; ;) {
    const path = `/api/v1/read/app?limit=1000&start_time=${from}`;
    const { envelopes } = (await (await read(path)).json()) as { envelopes: { batch: Line[] } };
    found.push(...envelopes.batch);
    const last = envelopes.batch.at(-1);
    if (last === undefined) break;
    from = BigInt(last.timestamp) + 1n;
  }
  const notes = found.filter(({ tags }) => tags["source_type"] === "LGR");
  const kept = found.length - notes.length;
  assert.ok(kept > 50 && kept < 200);
  assert.equal(
    Buffer.from(notes[0]?.log.payload ?? "", "base64").toString(),
    `${200 - kept} log lines were dropped: they came faster than log-cache took them`,
  );
});

test("logs that cannot be handed over are no matter of the request that emitted the first of them", async () => {
  const logger = new RecordingLogger();
  const ingest = createLogIngest(
    { url: "http://127.0.0.1:1", secret },
    { clock: systemClock, logger },
  );
  after(() => ingest[Symbol.asyncDispose]());

  forRequest("one", () => ingest.emit(line("hello")));
  await ingest.flush();

  const failed = logger.lines.filter(({ event }) => event === "ingest-failed");
  assert.ok(failed.length > 0);
  assert.ok(failed.every(({ data }) => data["requestId"] === undefined));
});

test("what was emitted is sent before the client is disposed of", async () => {
  const { logCache, read } = await start();
  const ingest = createLogIngest({ url: logCache.url, secret }, { clock: systemClock, logger });

  ingest.emit(line("last words"));
  await ingest[Symbol.asyncDispose]();

  const answer = await (await read("/api/v1/read/app")).text();
  assert.ok(answer.includes(Buffer.from("last words").toString("base64")));
});
