import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import type { Clock } from "#kernel/clock/clock.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { asInternalSecret, internalHeaders } from "#kernel/http/internal-auth.ts";
import { forRequest } from "#kernel/http/request-id.ts";
import { readExposition } from "#kernel/metrics/read-exposition.ts";
import { RecordingLogger } from "#kernel/log/recording-logger.ts";
import type { LogEnvelope, LogIngest } from "#log-cache/client.ts";
import { createRouterClient, type RouteRegistration } from "./client.ts";
import { startRouter, type RouterConfig } from "./start-router.ts";

const secret = asInternalSecret("s3cret");

class RecordedLogs implements LogIngest {
  readonly envelopes: LogEnvelope[] = [];
  emit(envelope: LogEnvelope): void {
    this.envelopes.push(envelope);
  }
  emitGauge(): void {}
  async flush(): Promise<void> {}
}

/** Polls, since the event comes from another socket; fails after a minute. */
async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 6_000; i += 1) {
    if (await check()) return;
    await systemClock.sleep(10);
  }
  assert.fail(`This did not come about: ${what}`);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function app(listener: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void listener(request, response));
  const port = await listen(server);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port };
}

async function tcpApp(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  const port = await listen(server);
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return port;
}

/** A port that nothing listens on. */
async function deadPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

function route(port: number, over: Partial<RouteRegistration> = {}): RouteRegistration {
  return {
    host: "127.0.0.1",
    port,
    uris: ["hello.apps.localhost"],
    app: "app-guid",
    private_instance_id: `instance-on-${port}`,
    private_instance_index: "0",
    tags: { process_id: "process-guid", app_name: "hello" },
    endpoint_updated_at_ns: 1,
    ...over,
  };
}

async function start(over: Partial<RouterConfig> = {}, clock: Clock = systemClock) {
  const logs = new RecordedLogs();
  const logger = new RecordingLogger();
  const router = await startRouter(
    { port: 0, host: "127.0.0.1", internalPort: 0, secret, drainMs: 500, ...over },
    { clock, logger, logs },
  );
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await router[Symbol.asyncDispose]();
  };
  after(stop);
  const client = createRouterClient({ url: router.internalUrl, secret }, { clock });
  const port = Number(new URL(router.url).port);
  const send = (options: {
    host?: string;
    path?: string;
    method?: string;
    headers?: Record<string, string | string[]>;
    body?: string;
  }) => exchange(port, { host: "hello.apps.localhost", ...options });
  return { router, client, logs, logger, port, send, stop };
}

async function exchange(
  port: number,
  options: {
    host: string;
    path?: string;
    method?: string;
    headers?: Record<string, string | string[]>;
    body?: string;
  },
): Promise<{ status: number; headers: IncomingMessage["headers"]; body: string }> {
  const request = httpRequest({
    port,
    host: "127.0.0.1",
    path: options.path ?? "/",
    method: options.method ?? "GET",
    headers: { host: options.host, ...options.headers },
    agent: false,
  });
  request.end(options.body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await text(response),
  };
}

/** Sends bytes and gives all that comes back until the router closes. */
async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(bytes, "latin1");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  const closed = once(socket, "close");
  await eventually("an answer", () => received.includes("\r\n\r\n") || socket.destroyed);
  socket.end();
  await closed;
  return received;
}

const lastLog = (logs: RecordedLogs) => String(logs.envelopes.at(-1)?.payload ?? "");

test("a request reaches the app of its host, with the headers that apps rely on", async () => {
  const { port } = await app((request, response) => {
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  const { client, send } = await start();
  await client.register([route(port)]);

  const answer = await send({
    path: "/a%2Fb//c?d=e",
    headers: {
      "x-forwarded-for": "203.0.113.9",
      "x-vcap-request-id": "forged",
      "x-cf-instanceid": "forged",
    },
  });

  assert.equal(answer.status, 200);
  const seen = JSON.parse(answer.body) as { url: string; headers: Record<string, string> };
  assert.equal(seen.url, "/a%2Fb//c?d=e");
  assert.equal(seen.headers["host"], "hello.apps.localhost");
  assert.equal(seen.headers["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
  assert.equal(seen.headers["x-forwarded-proto"], "http");
  assert.match(seen.headers["x-request-start"] ?? "", /^\d{13}$/);
  assert.equal(seen.headers["x-cf-applicationid"], "app-guid");
  assert.equal(seen.headers["x-cf-instanceid"], `instance-on-${port}`);
  assert.equal(seen.headers["x-cf-instanceindex"], "0");
  assert.match(seen.headers["x-vcap-request-id"] ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(answer.headers["x-vcap-request-id"], seen.headers["x-vcap-request-id"]);
  assert.equal(answer.headers["x-cf-routererror"], undefined);
});

test("a route with hash options sends one header value to one instance, over real requests", async () => {
  const instances = await Promise.all(
    ["a", "b", "c"].map((name) => app((_request, response) => response.end(name))),
  );
  const { client, send } = await start();
  const options = { loadbalancing: "hash", hash_header: "X-User" };
  await client.register(instances.map(({ port }) => route(port, { options })));
  const ask = async (user: string) => (await send({ headers: { "x-user": user } })).body;

  const first = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`user-${index}`)));
  const second = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`user-${index}`)));

  assert.deepEqual(second, first);
  assert.ok(new Set(first).size > 1);
});

test("a route that enforces policies lets nobody in, since no caller can prove who it is", async () => {
  const { port } = await app((_request, response) => response.end("secret"));
  const { client, send } = await start();
  await client.register([route(port, { options: { route_policy_scope: "any" } })]);

  const answer = await send({});

  assert.equal(answer.status, 403);
  assert.equal(answer.headers["x-cf-routererror"], "caller_unknown");
  assert.doesNotMatch(answer.body, /secret/);
});

test("what the route-emitter sends is logged for the request, or the round, that it sends it for", async () => {
  const { client, logger } = await start();

  await forRequest("sync-routes::1", () => client.register([]));

  const served = () => logger.lines.find(({ event }) => event === "request-served");
  await eventually("a line", () => served() !== undefined);
  assert.equal(served()?.data["path"], "/v1/register");
  assert.equal(served()?.data["requestId"], "sync-routes::1");
});

test("a host that nobody registered is answered 404, and so is one whose last instance has gone", async () => {
  const { port } = await app((_request, response) => response.end("hi"));
  const { client, send } = await start();

  const before = await send({});
  assert.equal(before.status, 404);
  assert.equal(before.headers["x-cf-routererror"], "unknown_route");
  assert.equal(before.headers["x-content-type-options"], "nosniff");
  assert.equal(
    before.body,
    "404 Not Found: Requested route ('hello.apps.localhost') does not exist.\n",
  );

  await client.register([route(port)]);
  assert.equal((await send({ host: "HELLO.apps.localhost:8080" })).body, "hi");
  await client.unregister([route(port)]);
  assert.equal((await send({})).status, 404);
});

test("a route whose instances have gone can be answered 503 for a while", async () => {
  const { client, send } = await start({ emptyPoolTimeoutMs: 60_000 });
  const gone = route(await deadPort(), { uris: ["gone.apps.localhost"] });
  await client.register([gone]);
  await client.unregister([gone]);

  const answer = await send({ host: "gone.apps.localhost" });

  assert.equal(answer.status, 503);
  assert.equal(answer.headers["x-cf-routererror"], "no_endpoints");
});

test("an instance that cannot be reached costs the request nothing while another can", async () => {
  const { port } = await app(async (request, response) => {
    response.end(`took ${(await text(request)).length}`);
  });
  const { client, send, logs } = await start();
  await client.register([route(await deadPort()), route(await deadPort()), route(port)]);

  for (let i = 0; i < 6; i += 1) {
    const answer = await send({ method: "POST", body: "x".repeat(100_000) });
    assert.equal(answer.status, 200);
    assert.equal(answer.body, "took 100000");
  }
  assert.ok(logs.envelopes.some(({ payload }) => String(payload).includes("failed_attempts:")));
});

test("when no instance can be reached the answer is 502 and says that it comes from the router", async () => {
  const { client, send, logs } = await start();
  await client.register([route(await deadPort())]);

  const answer = await send({});

  assert.equal(answer.status, 502);
  assert.match(String(answer.headers["x-cf-routererror"]), /^endpoint_failure \(.*ECONNREFUSED/);
  assert.equal(answer.body, "502 Bad Gateway: Registered endpoint failed to handle the request.\n");
  assert.match(lastLog(logs), /" 502 0 \d+ .*x_cf_routererror:"endpoint_failure/);
});

test("what an app has seen of a POST is not sent to another instance", async () => {
  let seen = 0;
  const dying = await tcpApp((socket) => {
    socket.once("data", () => {
      seen += 1;
      socket.destroy();
    });
  });
  const { port } = await app((_request, response) => response.end("second"));
  const { client, send } = await start();
  await client.register([route(dying), route(port)]);

  const posts = await Promise.all(
    Array.from({ length: 4 }, () => send({ method: "POST", body: "order" })),
  );
  assert.equal(posts.filter(({ status }) => status === 502).length, seen);
  assert.ok(seen > 0);

  const gets = await Promise.all(Array.from({ length: 4 }, () => send({})));
  assert.deepEqual(
    gets.map(({ body }) => body),
    gets.map(() => "second"),
  );
});

test("a hundred instances take turns", async () => {
  const { port } = await app((request, response) => {
    response.end(String(request.headers["x-cf-instanceindex"]));
  });
  const { client, send } = await start();
  await client.register(
    Array.from({ length: 100 }, (_, index) =>
      route(port, { private_instance_id: `i-${index}`, private_instance_index: String(index) }),
    ),
  );

  const seen = new Set<string>();
  for (let i = 0; i < 100; i += 1) seen.add((await send({})).body);

  assert.equal(seen.size, 100);
});

test("paths choose among apps by whole segments, the longest first, and wildcards come last", async () => {
  const { port } = await app((request, response) => {
    response.end(String(request.headers["x-cf-applicationid"]));
  });
  const { client, send } = await start();
  const register = (name: string, ...uris: string[]) =>
    client.register([route(port, { app: name, uris, private_instance_id: name })]);
  await register("root", "a.apps.localhost");
  await register("shop", "a.apps.localhost/shop");
  await register("cart", "a.apps.localhost/shop/Cart");
  await register("any", "*.apps.localhost");

  for (const [host, path, expected] of [
    ["a.apps.localhost", "/", "root"],
    ["a.apps.localhost", "/shopping", "root"],
    ["a.apps.localhost", "/shop", "shop"],
    ["a.apps.localhost", "/shop?x=/cart", "shop"],
    ["a.apps.localhost", "/shop/other", "shop"],
    ["a.apps.localhost", "/SHOP/cart/1", "cart"],
    ["a.apps.localhost", "/%73hop/c%61rt", "cart"],
    ["a.apps.localhost", "//shop", "root"],
    ["b.apps.localhost", "/shop", "any"],
    ["deep.b.apps.localhost", "/", "any"],
  ] as const) {
    assert.equal((await send({ host, path })).body, expected, `${host}${path}`);
  }
  assert.equal((await send({ host: "apps.localhost" })).status, 404);
});

test("a body streams both ways while both are still open", async () => {
  const { port } = await app((request, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    request.on("data", (chunk: Buffer) => response.write(`got ${chunk.toString()};`));
    request.on("end", () => response.end("done"));
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);

  const request = httpRequest({
    port: routerPort,
    host: "127.0.0.1",
    method: "POST",
    headers: { host: "hello.apps.localhost" },
  });
  request.write("one");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const [first] = (await once(response, "data")) as [Buffer];
  assert.equal(first.toString(), "got one;");
  request.write("two");
  const [second] = (await once(response, "data")) as [Buffer];
  assert.equal(second.toString(), "got two;");
  request.end();
  assert.equal(await text(response), "done");
});

test("the head of an answer comes before its body does", async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const { port } = await app((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    void release.then(() => response.end("data: x\n\n"));
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);

  const request = httpRequest({
    port: routerPort,
    host: "127.0.0.1",
    headers: { host: "hello.apps.localhost" },
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  assert.equal(response.headers["content-type"], "text/event-stream");
  resolve();
  assert.equal(await text(response), "data: x\n\n");
});

test("clients that vanish in mid-response free the app and its connections", async () => {
  let open = 0;
  const { port } = await app((request, response) => {
    if (request.url === "/quick") return void response.end("still here");
    open += 1;
    response.on("close", () => (open -= 1));
    response.writeHead(200);
    const pump = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once("drain", pump);
    };
    pump();
  });
  const { client, port: routerPort, send, logs } = await start();
  await client.register([route(port)]);

  await Promise.all(
    Array.from({ length: 30 }, async () => {
      const request = httpRequest({
        port: routerPort,
        host: "127.0.0.1",
        headers: { host: "hello.apps.localhost" },
        agent: false,
      });
      request.on("error", () => undefined);
      request.end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.on("error", () => undefined);
      await once(response, "data");
      response.destroy();
    }),
  );

  await eventually("the app's responses are closed", () => open === 0);
  assert.equal((await send({ path: "/quick" })).body, "still here");
  await eventually("the log has them", () => logs.envelopes.length === 31);
  assert.equal(
    logs.envelopes.filter(({ payload }) => String(payload).includes('" 499 ')).length,
    30,
  );
});

test("a client that leaves before the answer frees the app, and the log says 499", async () => {
  let isClosed = false;
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const { port } = await app((request) => {
    request.on("close", () => (isClosed = true));
    resolve();
  });
  const { client, port: routerPort, logs } = await start();
  await client.register([route(port)]);
  const socket = connect(routerPort, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n");
  await arrived;

  socket.destroy();

  await eventually("the app sees it", () => isClosed);
  await eventually("the log has it", () => logs.envelopes.length === 1);
  assert.match(lastLog(logs), /" 499 0 0 /);
});

test("a slow reader holds the app back, not the router's memory", async () => {
  let written = 0;
  const { port } = await app((_request, response) => {
    response.writeHead(200);
    const pump = (): void => {
      let isTaken = true;
      while (isTaken && written < 512 * 1024 * 1024) {
        written += 65_536;
        isTaken = response.write(Buffer.alloc(65_536));
      }
      response.once("drain", pump);
    };
    pump();
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);
  const socket = connect({ port: routerPort, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n");

  let before = -1;
  await eventually("the app waits", async () => {
    const isStill = written > 0 && written === before;
    before = written;
    await systemClock.sleep(100);
    return isStill;
  });
  assert.ok(written < 64 * 1024 * 1024, `${written} bytes are somewhere`);
  socket.destroy();
});

test("an app that dies in the middle of its answer breaks it off, so that nobody takes it for whole", async () => {
  const port = await tcpApp((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", () => socket.destroy());
    });
  });
  const { client, send } = await start();
  await client.register([route(port)]);

  await assert.rejects(send({}));
});

for (const [what, answer] of [
  ["nonsense", "SSH-2.0-OpenSSH\r\n\r\n"],
  [
    "both lengths",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  ],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  ["a header of 100 KB", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}\r\n\r\n`],
  ["nothing", ""],
] as const) {
  test(`an app that answers with ${what} gives 502`, async () => {
    const port = await tcpApp((socket) => socket.once("data", () => socket.end(answer)));
    const { client, send } = await start();
    await client.register([route(port)]);

    const { status, headers } = await send({ method: "POST", body: "x" });

    assert.equal(status, 502);
    assert.match(String(headers["x-cf-routererror"]), /^endpoint_failure/);
  });
}

test("an answer that comes before the upload is done reaches the client", async () => {
  const { port } = await app((_request, response) => {
    response.writeHead(413, { "content-type": "text/plain" }).end("too big");
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);

  const request = httpRequest({
    port: routerPort,
    host: "127.0.0.1",
    method: "POST",
    headers: { host: "hello.apps.localhost", "content-length": "1000000" },
    agent: false,
  });
  request.on("error", () => undefined);
  request.write("x".repeat(1_000));
  const [response] = (await once(request, "response")) as [IncomingMessage];

  assert.equal(response.statusCode, 413);
  assert.equal(await text(response), "too big");
  request.destroy();
});

test("a WebSocket is tunnelled both ways once the app has agreed", async () => {
  const { server, port } = await app((_request, response) => response.end("plain"));
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Seen: ${String(request.headers["x-cf-instanceindex"])}\r\n\r\n`,
    );
    socket.write(`early:${head.toString()};`);
    socket.on("data", (chunk: Buffer) => socket.write(`echo:${chunk.toString()};`));
    socket.on("end", () => socket.end());
  });
  const { client, port: routerPort, logs } = await start();
  await client.register([route(port)]);
  const socket = connect(routerPort, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString()));

  socket.write(
    "GET /chat HTTP/1.1\r\nHost: hello.apps.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\nfirst",
  );
  await eventually("the tunnel stands", () => received.includes("first;"));
  assert.match(received, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(received, /\r\nX-Seen: 0\r\n/);
  assert.match(received, /\r\nUpgrade: websocket\r\n/);
  assert.match(received, /\r\nX-Vcap-Request-Id: [0-9a-f-]{36}\r\n/);
  socket.write("second");
  await eventually("the echo", () => received.includes("echo:second;"));
  socket.end();

  await eventually("the log has it", () => logs.envelopes.length === 1);
  assert.match(lastLog(logs), /"GET \/chat HTTP\/1\.1" 101 11 \d+ /);
});

test("an app that declines an upgrade is heard, and nothing is tunnelled", async () => {
  const { port } = await app((_request, response) => {
    response.writeHead(426, { "content-type": "text/plain" }).end("no sockets here");
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);

  const answer = await sendRaw(
    routerPort,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
  );

  assert.match(answer, /^HTTP\/1\.1 426 /);
  assert.ok(answer.endsWith("no sockets here"));
});

test("an upgrade goes to another instance where the first cannot be reached, and is 502 where none can", async () => {
  const { server, port } = await app((_request, response) => response.end());
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => {
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello",
    );
  });
  const { client, port: routerPort } = await start();
  const ask =
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
  const dead = route(await deadPort());
  await client.register([dead]);
  assert.match(
    await sendRaw(routerPort, ask),
    /^HTTP\/1\.1 502 [^]*x-cf-routererror: endpoint_failure/i,
  );

  await client.register([route(port)]);

  for (let i = 0; i < 3; i += 1) assert.match(await sendRaw(routerPort, ask), / 101 [^]*hello$/);
});

const smuggling = "\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n";
for (const [what, status, bytes] of [
  [
    "both Content-Length and Transfer-Encoding",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked${smuggling}`,
  ],
  [
    "two Transfer-Encodings",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity${smuggling}`,
  ],
  [
    "an unknown Transfer-Encoding",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nTransfer-Encoding: xchunked${smuggling}`,
  ],
  [
    "a space before the colon",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nTransfer-Encoding : chunked${smuggling}`,
  ],
  [
    "two Content-Lengths",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nContent-Length: 0\r\nContent-Length: 5${smuggling}`,
  ],
  [
    "a signed Content-Length",
    400,
    `POST / HTTP/1.1\r\nHost: hello.apps.localhost\r\nContent-Length: +5${smuggling}`,
  ],
  ["a folded header", 400, "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nX: a\r\n b\r\n\r\n"],
  ["a NUL in a header", 400, "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nX: a\0b\r\n\r\n"],
  ["bare line feeds", 400, "GET / HTTP/1.1\nHost: hello.apps.localhost\n\n"],
  [
    "chunks in HTTP/1.0",
    400,
    `POST / HTTP/1.0\r\nHost: hello.apps.localhost\r\nTransfer-Encoding: chunked${smuggling}`,
  ],
  [
    "two Host headers",
    400,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nHost: evil.com\r\n\r\n",
  ],
  ["user information in the Host", 400, "GET / HTTP/1.1\r\nHost: a@hello.apps.localhost\r\n\r\n"],
  ["a path in the Host", 400, "GET / HTTP/1.1\r\nHost: hello.apps.localhost/x\r\n\r\n"],
  ["markup in the Host", 400, "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n"],
  ["a port beyond the last", 400, "GET / HTTP/1.1\r\nHost: hello.apps.localhost:99999\r\n\r\n"],
  ["an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
  ["no Host", 400, "GET / HTTP/1.1\r\nX: y\r\n\r\n"],
  ["the client's own address as Host", 400, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
  ["HTTP/0.9", 400, "GET /\r\n\r\n"],
  ["the preface of HTTP/2", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  [
    "an upgrade to h2c",
    400,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n",
  ],
  [
    "CONNECT",
    405,
    "CONNECT hello.apps.localhost:80 HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n",
  ],
  ["TRACE", 405, "TRACE / HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n"],
  [
    "1,500 headers",
    431,
    `GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\n${"a: b\r\n".repeat(1_500)}\r\n`,
  ],
  [
    "a header of 17 KB",
    431,
    `GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nX: ${"x".repeat(17_000)}\r\n\r\n`,
  ],
  [
    "a URL of 17 KB",
    431,
    `GET /${"x".repeat(17_000)} HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\n`,
  ],
  [
    "a malformed X-Cf-App-Instance",
    400,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nX-Cf-App-Instance: ../0\r\n\r\n",
  ],
  [
    "an instance that is not there",
    400,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nX-Cf-App-Instance: app-guid:7\r\n\r\n",
  ],
] as const) {
  test(`a request with ${what} is answered ${status} by the router, and no app sees any of it`, async () => {
    const seen: string[] = [];
    const { port } = await app((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end("reached");
    });
    const { client, port: routerPort } = await start();
    await client.register([route(port)]);

    const answer = await sendRaw(routerPort, bytes);

    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /\r\nx-cf-routererror: \S/i);
    assert.deepEqual(seen, []);
  });
}

test("pipelined requests go each to its own app, and the answers keep their order", async () => {
  const { port } = await app((request, response) => {
    response.end(`<${String(request.headers["x-cf-applicationid"])}>`);
  });
  const { client, port: routerPort } = await start();
  await client.register([
    route(port),
    route(port, { app: "other", uris: ["other.apps.localhost"], private_instance_id: "o" }),
  ]);

  const answer = await sendRaw(
    routerPort,
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\n\r\nGET / HTTP/1.1\r\nHost: other.apps.localhost\r\nConnection: close\r\n\r\n",
  );

  assert.match(answer, /<app-guid>[^]*<other>/);
});

test("a URL in absolute form goes where it says, in origin form and with its own Host", async () => {
  const { port } = await app((request, response) => {
    response.end(`${request.headers.host} ${request.url}`);
  });
  const { client, port: routerPort } = await start();
  await client.register([route(port)]);

  const answer = await sendRaw(
    routerPort,
    "GET http://hello.apps.localhost/x?y HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n",
  );

  assert.ok(answer.endsWith("hello.apps.localhost /x?y"));
});

test("headers between neighbours stay with them, but ours cannot be stripped by naming them", async () => {
  const { port } = await app((request, response) => {
    response.writeHead(
      200,
      [
        ["Connection", "X-Private"],
        ["X-Private", "1"],
        ["Keep-Alive", "timeout=1"],
        ["X-Cf-RouterError", "forged"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
      ].flat(),
    );
    response.end(JSON.stringify(request.headers));
  });
  const { client, send } = await start();
  await client.register([route(port)]);

  const answer = await send({
    headers: {
      connection: "X-Gone, X-Forwarded-For, X-CF-ApplicationID, Authorization",
      "x-gone": "1",
      te: "trailers",
      "proxy-authorization": "Basic x",
      authorization: "Bearer mine",
      "x-forwarded-client-cert": "forged",
    },
  });

  const seen = JSON.parse(answer.body) as Record<string, string>;
  for (const name of ["x-gone", "te", "proxy-authorization", "x-forwarded-client-cert"]) {
    assert.equal(seen[name], undefined, name);
  }
  assert.equal(seen["x-forwarded-for"], "127.0.0.1");
  assert.equal(seen["x-cf-applicationid"], "app-guid");
  assert.equal(seen["authorization"], "Bearer mine");
  assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(answer.headers["x-private"], undefined);
  assert.equal(answer.headers["x-cf-routererror"], undefined);
});

test("a session stays at its instance, and moves on when that has gone", async () => {
  const { port } = await app((request, response) => {
    if (request.url === "/login")
      response.setHeader("Set-Cookie", "JSESSIONID=abc; Secure; Path=/");
    response.end(String(request.headers["x-cf-instanceindex"]));
  });
  const { client, send } = await start();
  const instance = (index: number) =>
    route(port, { private_instance_id: `i-${index}`, private_instance_index: String(index) });
  await client.register([instance(0), instance(1), instance(2)]);

  const login = await send({ path: "/login" });
  assert.deepEqual(login.headers["set-cookie"], [
    "JSESSIONID=abc; Secure; Path=/",
    `__VCAP_ID__=i-${login.body}; Path=/; Secure; HttpOnly`,
  ]);
  const headers = { cookie: `JSESSIONID=abc; __VCAP_ID__=i-${login.body}` };
  for (let i = 0; i < 5; i += 1) assert.equal((await send({ headers })).body, login.body);

  await client.unregister([instance(Number(login.body))]);
  const moved = await send({ headers });
  assert.notEqual(moved.body, login.body);
  assert.deepEqual(moved.headers["set-cookie"], [`__VCAP_ID__=i-${moved.body}; Path=/; HttpOnly`]);
});

test("a request can ask for one instance by header", async () => {
  const { port } = await app((request, response) => {
    response.end(String(request.headers["x-cf-instanceindex"]));
  });
  const { client, send } = await start();
  await client.register(
    [0, 1, 2].map((index) =>
      route(port, { private_instance_id: `i-${index}`, private_instance_index: String(index) }),
    ),
  );

  for (let i = 0; i < 3; i += 1) {
    assert.equal((await send({ headers: { "x-cf-app-instance": "app-guid:2" } })).body, "2");
    assert.equal(
      (await send({ headers: { "x-cf-process-instance": "process-guid:1" } })).body,
      "1",
    );
  }
});

test("a request that asks for a process is spread over its instances, and over no other's", async () => {
  const { port } = await app((request, response) => {
    response.end(String(request.headers["x-cf-instanceid"]));
  });
  const { client, send } = await start();
  await client.register(
    ["blue", "green"].flatMap((process) =>
      [0, 1].map((index) =>
        route(port, {
          private_instance_id: `${process}-${index}`,
          private_instance_index: String(index),
          tags: { process_id: process },
        }),
      ),
    ),
  );

  const answers: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    answers.push((await send({ headers: { "x-cf-process-instance": "green" } })).body);
  }

  assert.deepEqual(answers.toSorted(), ["green-0", "green-0", "green-1", "green-1"]);
});

for (const [header, value, host, code, message] of [
  [
    "X-CF-App-Instance",
    "app-guid:7",
    "hello",
    "unknown_route",
    "Requested instance ('7') with guid ('app-guid') does not exist for route ('hello.apps.localhost')",
  ],
  [
    "X-CF-Process-Instance",
    "process-guid:7",
    "hello",
    "unknown_route",
    "Requested instance ('7') with process guid ('process-guid') does not exist for route ('hello.apps.localhost')",
  ],
  [
    "X-CF-Process-Instance",
    "another",
    "hello",
    "unknown_route",
    "Requested instance with process guid ('another') does not exist for route ('hello.apps.localhost')",
  ],
  [
    "X-CF-Process-Instance",
    "process-guid",
    "nowhere",
    "unknown_route",
    "Requested instance with process guid ('process-guid') does not exist for route ('nowhere.apps.localhost')",
  ],
  [
    "X-CF-App-Instance",
    "app-guid",
    "hello",
    "invalid_cf_app_instance_header",
    "Invalid X-CF-App-Instance Header",
  ],
  [
    "X-CF-Process-Instance",
    "process-guid:first",
    "nowhere",
    "invalid_cf_process_instance_header",
    "Invalid X-CF-Process-Instance Header",
  ],
] as const) {
  test(`${header}: ${value} at ${host} is answered as gorouter answers it`, async () => {
    const { port } = await app((_request, response) => response.end("reached"));
    const { client, port: routerPort } = await start();
    await client.register([route(port)]);

    const answer = await sendRaw(
      routerPort,
      `GET / HTTP/1.1\r\nHost: ${host}.apps.localhost\r\nConnection: close\r\n${header}: ${value}\r\n\r\n`,
    );

    assert.match(answer, new RegExp(`^x-cf-routererror: ${code}\r$`, "im"));
    assert.equal(answer.split("\r\n\r\n")[1], `400 Bad Request: ${message}\n`);
  });
}

test("a request that asks for an instance which cannot be reached is not sent to another", async () => {
  const { port } = await app((_request, response) => response.end("wrong one"));
  const { client, send } = await start();
  await client.register([route(port), route(await deadPort(), { private_instance_index: "1" })]);

  const answer = await send({ headers: { "x-cf-app-instance": "app-guid:1" } });

  assert.equal(answer.status, 502);
});

test("each request leaves a line of gorouter's form in the app's log", async () => {
  const { port } = await app(async (request, response) => {
    response.end(`${(await text(request)).length} bytes`);
  });
  const { client, send, logs } = await start();
  await client.register([route(port)]);

  await send({
    method: "POST",
    path: "/x?y=1",
    body: "12345",
    headers: { "user-agent": 'say "hi"', referer: "http://r/" },
  });
  await eventually("the log has it", () => logs.envelopes.length === 1);

  const [envelope] = logs.envelopes;
  assert.equal(envelope?.sourceId, "app-guid");
  assert.equal(envelope?.sourceType, "RTR");
  assert.equal(envelope?.origin, "gorouter");
  assert.equal(envelope?.instanceId, "0");
  assert.equal(envelope?.tags["app_name"], "hello");
  assert.match(
    String(envelope?.payload),
    new RegExp(
      [
        /^hello\.apps\.localhost - \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] /,
        /"POST \/x\?y=1 HTTP\/1\.1" 200 5 7 "http:\/\/r\/" "say \\"hi\\"" /,
        new RegExp(`"127\\.0\\.0\\.1:\\d+" "127\\.0\\.0\\.1:${port}" `),
        /x_forwarded_for:"-" x_forwarded_proto:"-" vcap_request_id:"[0-9a-f-]{36}" /,
        /response_time:\d+\.\d{6} gorouter_time:\d+\.\d{6} app_id:"app-guid" app_index:"0" /,
        new RegExp(`instance_id:"instance-on-${port}" x_cf_routererror:"-"$`),
      ]
        .map(({ source }) => source)
        .join(""),
    ),
  );
});

test("an instance that is not registered again for two minutes is forgotten, unless the emitter is away", async () => {
  const clock = new FakeClock();
  const { client, router } = await start({}, clock);
  const routes = async () => {
    const response = await fetch(`${router.internalUrl}/routes`, {
      headers: internalHeaders(secret),
    });
    return Object.keys((await response.json()) as object);
  };
  await client.register([route(1), route(2, { uris: ["b.apps.localhost"] })]);
  await clock.sleeping(1);

  await clock.advance(300_000);
  assert.equal((await routes()).length, 2, "nobody could have registered anything");

  await client.register([]);
  for (let i = 0; i < 7; i += 1) {
    await clock.advance(20_000);
    await client.register([route(1)]);
  }
  await clock.advance(30_000);
  await eventually("the stale one has gone", async () => (await routes()).length === 1);
  assert.deepEqual(await routes(), ["hello.apps.localhost"]);
});

test("a registration that is older than the known one is ignored", async () => {
  const { client, router } = await start();
  const newer = route(1, { endpoint_updated_at_ns: 20, app: "new" });
  await client.register([newer]);

  await client.register([route(1, { endpoint_updated_at_ns: 10, app: "old" })]);

  const response = await fetch(`${router.internalUrl}/routes`, {
    headers: internalHeaders(secret),
  });
  assert.deepEqual(await response.json(), { "hello.apps.localhost": [newer] });
});

for (const [what, message] of [
  ["a port of 0", { ...route(1), port: 0 }],
  ["a uri that is no host", { ...route(1), uris: ["a b"] }],
  ["a wildcard in the middle", { ...route(1), uris: ["a.*.localhost"] }],
  ["a field missing", { ...route(1), app: undefined }],
  ["no object", "x"],
] as const) {
  test(`a registration with ${what} is refused`, async () => {
    const { router } = await start();

    const response = await fetch(`${router.internalUrl}/v1/register`, {
      method: "POST",
      headers: { ...internalHeaders(secret), "content-type": "application/json" },
      body: JSON.stringify([message]),
    });

    assert.equal(response.status, 400);
  });
}

test("nobody registers routes without the secret, and users' port knows no such thing", async () => {
  const { router, send } = await start();

  for (const headers of [{}, internalHeaders(asInternalSecret("guess"))]) {
    const response = await fetch(`${router.internalUrl}/v1/register`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify([route(1)]),
    });
    assert.equal(response.status, 401);
  }
  const answer = await send({
    path: "/v1/register",
    method: "POST",
    headers: internalHeaders(secret),
  });
  assert.equal(answer.headers["x-cf-routererror"], "unknown_route");
});

test("a load balancer's health check is answered by the router", async () => {
  const { send } = await start();

  const answer = await send({ headers: { "user-agent": "HTTP-Monitor/1.1" } });

  assert.equal(answer.status, 200);
});

test("a router that stops lets what is on its way end, and ends tunnels", async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { server, port } = await app((_request, response) => {
    arrive();
    void release.then(() => response.end("finished"));
  });
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  });
  const { client, send, stop, port: routerPort } = await start({ drainMs: 60_000 });
  await client.register([route(port)]);
  const tunnel = connect(routerPort, "127.0.0.1");
  tunnel.on("error", () => undefined);
  tunnel.write(
    "GET / HTTP/1.1\r\nHost: hello.apps.localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
  );
  await once(tunnel, "data");
  const pending = send({});
  await arrived;

  const stopped = stop();
  await once(tunnel, "close");
  resolve();

  assert.equal((await pending).body, "finished");
  await stopped;
  await assert.rejects(send({}));
});

test("requests are counted by the class of their status, whatever host and path they name", async () => {
  const { port } = await app((request, response) => {
    response.statusCode = request.url === "/fails" ? 503 : 200;
    response.end("12345");
  });
  const { router, client, send } = await start();
  await client.register([route(port)]);
  const read = async () => {
    const headers = internalHeaders(secret);
    const response = await fetch(`${router.internalUrl}/metrics`, { headers });
    return readExposition(await response.text());
  };
  await send({ path: "/fails" });
  await send({ host: "nobody.example" });
  const before = await read();

  for (let number = 0; number < 20; number += 1) {
    await send({ path: `/${number}`, method: "POST", body: "123" });
    await send({ host: `nobody-${number}.example`, path: `/${number}` });
  }

  let after = before;
  await eventually("all are counted", async () => {
    after = await read();
    return after.get('rivera_router_requests_total{code="4xx",component="router"}') === 21;
  });
  const counted = (name: string, label: string) =>
    after.get(`rivera_router_${name}{component="router"${label}}`);
  assert.equal(after.get('rivera_router_requests_total{code="2xx",component="router"}'), 20);
  assert.equal(after.get('rivera_router_requests_total{code="5xx",component="router"}'), 1);
  assert.equal(counted("refusals_total", ',error="unknown_route"'), 21);
  assert.equal(counted("body_bytes_total", ',direction="received"'), 60);
  assert.equal(counted("endpoints", ""), 1);
  assert.equal(counted("request_duration_seconds_count", ""), 42);
  assert.deepEqual(
    [...after.keys()].filter((key) => !before.has(key)),
    ['rivera_router_requests_total{code="2xx",component="router"}'],
  );
});
