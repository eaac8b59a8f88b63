import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { HttpTransport } from "./http-transport.ts";

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

test("a connection that the server closed while the client was busy is not used for the next request", async () => {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const server = new Worker(closingServer, { eval: true, workerData: state.buffer });
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => void (await server.terminate()));
  const [port] = await once(server, "message");
  using transport = new HttpTransport({
    skipSslValidation: false,
    environment: {},
    clock: systemClock,
    signal: new AbortController().signal,
  });
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
