import assert from "node:assert/strict";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import type { Check } from "#diego/models/desired-lrp.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { probe } from "./probe.ts";

const never = new AbortController().signal;

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address() as AddressInfo;
  return address.port;
}

/** The container's port 8080 is that of the server, as with a runtime without a network of its own. */
function target(port: number) {
  return { address: "127.0.0.1", reachablePort: () => port };
}

const tcp: Check = { kind: "tcp", port: 8080, connectTimeoutMs: 0, intervalMs: 0 };
const http: Check = {
  kind: "http",
  port: 8080,
  requestTimeoutMs: 0,
  path: "/health?deep=1",
  intervalMs: 0,
};

async function httpServer(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createHttpServer(listener);
  t.after(() => server.closeAllConnections());
  return await listening(t, server);
}

async function closedPort(t: TestContext): Promise<number> {
  const server = createServer();
  const port = await listening(t, server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a port that accepts connections passes", async (t) => {
  const port = await listening(t, createServer());

  await probe({ target: target(port), clock: systemClock }, tcp, never);
});

test("a port that refuses says so with its address", async (t) => {
  const port = await closedPort(t);

  await assert.rejects(probe({ target: target(port), clock: systemClock }, tcp, never), {
    name: "StepFailure",
    message: `Failed to make TCP connection to 127.0.0.1:${port}: connection refused`,
  });
});

test("only status 200 passes; a redirect is not followed", async (t) => {
  const seen: [string | undefined, string | undefined][] = [];
  let status = 200;
  const port = await httpServer(t, (request, response) => {
    seen.push([request.url, request.headers["user-agent"]]);
    response.writeHead(status, { location: "/elsewhere" }).end("body");
  });
  const parts = { target: target(port), clock: systemClock };

  await probe(parts, http, never);
  assert.deepEqual(seen, [["/health?deep=1", "diego-healthcheck"]]);

  for (status of [204, 302, 404, 500]) {
    await assert.rejects(probe(parts, http, never), {
      message: new RegExp(
        `^Failed to make HTTP request to '/health\\?deep=1' on port 8080: received status code ${status} in \\d+ms$`,
      ),
    });
  }
  assert.equal(seen.length, 5);
});

test("an answer that does not come in time is a failure after a second by default", async (t) => {
  const asked = Promise.withResolvers<void>();
  const port = await httpServer(t, () => asked.resolve());
  const clock = new FakeClock();
  const failed = assert.rejects(probe({ target: target(port), clock }, http, never), {
    message:
      "Failed to make HTTP request to '/health?deep=1' on port 8080: timed out after 1.00 seconds",
  });
  await asked.promise;

  await clock.advance(1_000);

  await failed;
});

test("the time of a check is its own where it has one", async (t) => {
  const asked = Promise.withResolvers<void>();
  const port = await httpServer(t, () => asked.resolve());
  const clock = new FakeClock();
  const slow: Check = { ...http, requestTimeoutMs: 5_000 };
  const failed = assert.rejects(probe({ target: target(port), clock }, slow, never), {
    message: /timed out after 5\.00 seconds$/,
  });
  await asked.promise;

  await clock.advance(5_000);

  await failed;
});

test("a cancelled probe ends with the reason of its signal", async (t) => {
  const asked = Promise.withResolvers<void>();
  const port = await httpServer(t, () => asked.resolve());
  const stop = new AbortController();
  const ended = assert.rejects(
    probe({ target: target(port), clock: new FakeClock() }, http, stop.signal),
    /enough/,
  );
  await asked.promise;

  stop.abort(new Error("enough"));

  await ended;
});
