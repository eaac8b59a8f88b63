import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { HttpHandler } from "#kernel/http/mounted.ts";
import { openFrontDoor } from "./front-door.ts";
import { HeldPorts } from "./held-ports.ts";
import { choosePort } from "./ports.ts";

async function freePort(): Promise<number> {
  await using held = new HeldPorts();
  return (await choosePort("127.0.0.1", 0, held)).port;
}

const answering =
  (name: string): HttpHandler =>
  (request, response) => {
    request.resume();
    response.end(name);
  };

const upgrade = (): void => assert.fail("nothing asks for a WebSocket");

test("openFrontDoor() hands each path to the component that owns it, and to none by a mere prefix", async () => {
  const port = await freePort();
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port },
    {
      uaa: answering("uaa"),
      logCache: answering("log-cache"),
      cloudController: answering("cc"),
      upgrade,
    },
  );
  const at = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

  assert.equal(await at("/"), "cc");
  assert.equal(await at("/v3/apps"), "cc");
  assert.equal(await at("/uaa/oauth/token"), "uaa");
  assert.equal(await at("/uaa?x=1"), "uaa");
  assert.equal(await at("/uaax"), "cc");
  assert.equal(await at("/api/v1/read/x"), "log-cache");
});

test("a connection stays for 15 minutes between two requests, longer than a proxy keeps it", async () => {
  const port = await freePort();
  const routes = { uaa: answering("uaa"), logCache: answering("log-cache"), upgrade };
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port },
    { ...routes, cloudController: answering("cc") },
  );

  const { headers } = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(headers.get("keep-alive"), "timeout=900");
});

test("a browser is led to the dashboard, programs read the API's root; without a dashboard all is the API's", async () => {
  const parts = {
    uaa: answering("uaa"),
    logCache: answering("log-cache"),
    cloudController: answering("cc"),
    upgrade,
  };
  const ports = [await freePort(), await freePort()] as const;
  const listen = (index: 0 | 1) => ({ host: "127.0.0.1", port: ports[index] });
  await using _with = await openFrontDoor(listen(0), { ...parts, web: answering("web") });
  await using _without = await openFrontDoor(listen(1), parts);
  const ask = (index: 0 | 1, path: string, accept: string) =>
    fetch(`http://127.0.0.1:${ports[index]}${path}`, {
      headers: { accept },
      redirect: "manual",
    });
  const page = "text/html,application/xhtml+xml,*/*;q=0.8";

  for (const [path, accept, expected] of [
    ["/", "application/json", "cc"],
    ["/", "*/*", "cc"],
    ["/", "application/json, text/html", "cc"],
    ["/rivera", page, "web"],
    ["/rivera/", "*/*", "web"],
    ["/rivera/assets/x.js", "*/*", "web"],
    ["/rivera/v1/builds", page, "cc"],
    ["/rivera/v1?x=1", page, "cc"],
    ["/riverax", page, "cc"],
    ["/v3/apps", page, "cc"],
  ] as const) {
    assert.equal(await (await ask(0, path, accept)).text(), expected, `${path} ${accept}`);
  }
  const led = await ask(0, "/", page);
  assert.equal(led.status, 302);
  assert.equal(led.headers.get("location"), "rivera/");
  assert.equal(led.headers.get("vary"), "accept");
  for (const path of ["/", "/rivera/"]) {
    assert.equal(await (await ask(1, path, page)).text(), "cc", path);
  }
});

test("choosePort() replaces a taken port by a free one and says which was taken", async () => {
  const port = await freePort();
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port },
    { uaa: answering(""), logCache: answering(""), cloudController: answering(""), upgrade },
  );

  await using held = new HeldPorts();
  const choice = await choosePort("127.0.0.1", port, held);

  assert.notEqual(choice.port, port);
  assert.equal(choice.replaced, port);
});

test("a client that falls silent in the middle of its request is let go", async () => {
  const port = await freePort();
  await using _door = await openFrontDoor(
    { host: "127.0.0.1", port, silentMs: 50 },
    { uaa: () => undefined, logCache: () => undefined, cloudController: () => undefined, upgrade },
  );
  const socket = connect(port, "127.0.0.1");
  socket.resume().write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");

  await once(socket, "close");
});

test("what is to become a WebSocket below /rivera/v1 is handed on and may be silent; others are answered in HTTP/1.1", async () => {
  const port = await freePort();
  const parts = {
    uaa: answering("uaa"),
    logCache: answering("log-cache"),
    cloudController: answering("cc"),
    upgrade: (request: IncomingMessage, socket: Duplex) => {
      socket.write(`taken ${request.url ?? ""}\n`);
      socket.once("data", (typed) => socket.end(typed));
    },
  };
  await using _door = await openFrontDoor({ host: "127.0.0.1", port, silentMs: 100 }, parts);
  const ask = (path: string, to: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`,
    );
    return socket;
  };

  const taken = ask("/rivera/v1/builds/b/shell?x", "WebSocket");
  for (const other of [ask("/rivera/v1/builds/b/shell", "h2c"), ask("/v3/apps", "websocket")]) {
    let answer = "";
    for await (const chunk of other) {
      answer += chunk;
      if (answer.endsWith("cc")) break;
    }
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\ncc$/s);
  }
  // Let go once it has been silent for longer than the other may not be.
  const silent = connect(port, "127.0.0.1");
  silent.resume().write("POST / HTTP/1.1\r\nHost: a\r\n");
  await once(silent, "close");
  taken.write("typed later");
  assert.equal(await text(taken), "taken /rivera/v1/builds/b/shell?x\ntyped later");
});

test("a request with more than one Host header is refused, whosever path it asks for and however late the other comes", async () => {
  const port = await freePort();
  const parts = {
    uaa: answering("uaa"),
    logCache: answering("log-cache"),
    cloudController: answering("cc"),
    web: answering("web"),
    upgrade: (_request: IncomingMessage, socket: Duplex) => socket.end("taken"),
  };
  await using _door = await openFrontDoor({ host: "127.0.0.1", port }, parts);
  const send = async (path: string, lines: readonly string[]) => {
    const socket = connect(port, "127.0.0.1");
    // With a second request behind it: a refused connection serves no other.
    const [first, second] = [
      `GET ${path} HTTP/1.1`,
      "GET /uaa HTTP/1.1\r\nHost: a\r\nConnection: close",
    ];
    socket.write(`${[first, ...lines].join("\r\n")}\r\n\r\n${second}\r\n\r\n`);
    return await text(socket);
  };
  const refusal =
    /^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n400 Bad Request: There is more than one Host header\n$/;
  const toUpgrade = ["Connection: Upgrade", "Upgrade: websocket"];

  for (const [path, lines] of [
    ["/v3/apps", ["Host: a", "Host: b"]],
    ["/uaa/oauth/token", ["Host: a", "hOST: a"]],
    ["/api/v1/read/x", ["Host: a", "Host:"]],
    ["/rivera/", ["Host: a", ...Array.from({ length: 2_500 }, () => "a:"), "Host: b"]],
    ["/rivera/v1/builds/b/shell", ["Host: a", ...toUpgrade, "Host: b"]],
  ] as const) {
    const answer = await send(path, lines);
    assert.match(answer, refusal, path);
    assert.equal(answer.split("HTTP/1.1 ").length - 1, 1, `answers to ${path}`);
  }
  assert.match(await send("/v3/apps", ["Host: a", "X-Host: b"]), /\r\n\r\n.*cc[^]*uaa/);
});
