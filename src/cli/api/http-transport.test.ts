import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { HttpTransport, type TransportOptions } from "./http-transport.ts";

/** In a thread of its own: answers, keeps the connection, and closes it once it has seen the other end's next wait. */
const closingServer = `
const { createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const state = new Int32Array(workerData);
const server = createServer((socket) => {
  let requests = 0;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    if (!chunk.includes("POST /")) return;
    requests += 1;
    socket.write("HTTP/1.1 200 OK\\r\\nConnection: keep-alive\\r\\nContent-Length: 2\\r\\n\\r\\nok");
    if (requests > 1) return;
    const watch = () => {
      if (Atomics.load(state, 0) === 0) return setImmediate(watch);
      socket.destroy();
      Atomics.store(state, 1, 1);
      Atomics.notify(state, 1);
    };
    watch();
  });
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

function open(options: Partial<TransportOptions> = {}): HttpTransport {
  return new HttpTransport({
    skipSslValidation: false,
    environment: {},
    clock: systemClock,
    signal: new AbortController().signal,
    ...options,
  });
}

/** Answers with its name and what it was asked for. */
async function openServer(name: string, before?: (request: IncomingMessage) => Promise<void>) {
  const server = createServer((request, response) => {
    const ready = before?.(request) ?? Promise.resolve();
    void ready.then(() => response.end(`${name}: ${request.url}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a connection that the server closed while the client was busy is not used for the next request", async () => {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const server = new Worker(closingServer, { eval: true, workerData: state.buffer });
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await server.terminate()));
  const [port] = await once(server, "message");
  using transport = open();
  const post = async () => {
    const url = `http://127.0.0.1:${port}/`;
    const { body } = await transport.send({ method: "POST", url, body: "x" });
    return body.toString();
  };

  const first = await post();
  // As hashing and packing do: no event is seen until it is over.
  Atomics.store(state, 0, 1);
  Atomics.wait(state, 1, 0);
  const second = await post();

  assert.deepEqual([first, second], ["ok", "ok"]);
});

test("what is no loopback address is asked for through http_proxy, what is one never", async () => {
  await using direct = await openServer("direct");
  await using proxy = await openServer("proxy");
  using transport = open({ environment: { http_proxy: `http://127.0.0.1:${proxy.port}` } });
  const ask = async (url: string) => String((await transport.send({ method: "GET", url })).body);

  assert.equal(await ask("http://api.example.test/v3"), "proxy: http://api.example.test/v3");
  assert.equal(await ask(`http://127.0.0.1:${direct.port}/v3`), "direct: /v3");
  assert.equal(await ask(`http://localhost:${direct.port}/v3`), "direct: /v3");
});

/** Takes no connection beyond the few that the kernel keeps for it. */
const busyServer = `
const { createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const server = createServer();
server.listen(0, "127.0.0.1", 1, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0));
});
`;

test("a connection that is not made within CF_DIAL_TIMEOUT is given up", async () => {
  const state = new Int32Array(new SharedArrayBuffer(4));
  await using stack = new AsyncDisposableStack();
  const server = new Worker(busyServer, { eval: true, workerData: state.buffer });
  stack.defer(async () => void (await server.terminate()));
  const [port] = await once(server, "message");
  for (let kept = 0; kept < 8; kept += 1) {
    const socket = stack.adopt(connect(port, "127.0.0.1"), (each) => void each.destroy());
    socket.on("error", () => undefined);
  }
  const clock = new FakeClock();
  using transport = open({ clock, environment: { CF_DIAL_TIMEOUT: "2" } });

  const asked = transport.send({ method: "GET", url: `http://127.0.0.1:${port}/` });
  const refused = assert.rejects(asked, {
    name: "ConnectionError",
    message: new RegExp(`no connection to 127.0.0.1:${port} within 2000 ms`),
  });
  await clock.advance(2_000);

  await refused;
});

test("an answer on a connection that is made, new or kept, may take as long as it will", async () => {
  const clock = new FakeClock();
  const hour = 3_600_000;
  // The request has arrived, so its connection is made.
  const connections = new Set<number | undefined>();
  await using server = await openServer("slow", async ({ socket }) => {
    connections.add(socket.remotePort);
    const passed = clock.sleep(hour);
    await clock.advance(hour);
    await passed;
  });
  using transport = open({ clock });
  const ask = async () =>
    String((await transport.send({ method: "GET", url: `http://127.0.0.1:${server.port}/` })).body);

  assert.deepEqual([await ask(), await ask()], ["slow: /", "slow: /"]);
  assert.equal(connections.size, 1);
});
