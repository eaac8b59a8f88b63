import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import { openFrontDoor } from "./front-door.ts";
import { choosePort } from "./ports.ts";

const answering =
  (name: string): HttpHandler =>
  (request, response) => {
    request.resume();
    response.end(name);
  };

test("openFrontDoor() hands each path to the component that owns it, and to none by a mere prefix", async () => {
  const { port } = await choosePort("127.0.0.1", 0);
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port },
    { uaa: answering("uaa"), logCache: answering("log-cache"), cloudController: answering("cc") },
  );
  const at = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

  assert.equal(await at("/"), "cc");
  assert.equal(await at("/v3/apps"), "cc");
  assert.equal(await at("/uaa/oauth/token"), "uaa");
  assert.equal(await at("/uaa?x=1"), "uaa");
  assert.equal(await at("/uaax"), "cc");
  assert.equal(await at("/api/v1/read/x"), "log-cache");
});

test("choosePort() replaces a taken port by a free one and says which was taken", async () => {
  const { port } = await choosePort("127.0.0.1", 0);
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port },
    { uaa: answering(""), logCache: answering(""), cloudController: answering("") },
  );

  const choice = await choosePort("127.0.0.1", port);

  assert.notEqual(choice.port, port);
  assert.equal(choice.replaced, port);
});

test("a client that falls silent in the middle of its request is let go", async () => {
  const { port } = await choosePort("127.0.0.1", 0);
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port, silentMs: 50 },
    { uaa: () => undefined, logCache: () => undefined, cloudController: () => undefined },
  );
  const socket = connect(port, "127.0.0.1");
  socket.resume().write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");

  await once(socket, "close");
});
