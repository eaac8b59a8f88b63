import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { PortForward } from "./port-forward.ts";

test("a forwarded port leads into the container once it is healthy, and not before", async () => {
  const app = createServer((socket) => {
    socket.on("data", (chunk) => socket.end(`you said ${String(chunk)}`));
  }).listen(0, "127.0.0.1");
  await once(app, "listening");
  const address = app.address();
  assert.ok(address !== null && typeof address === "object");
  await using forward = await PortForward.open(0);
  const said = async () => {
    const socket = connect(forward.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("hello");
    return await text(socket).catch(() => "");
  };

  assert.equal(await said(), "");
  forward.leadTo({ host: "127.0.0.1", port: address.port });
  assert.equal(await said(), "you said hello");

  await assert.rejects(PortForward.open(forward.port), {
    name: "Failure",
    message: `Port ${forward.port} is taken by another program: give another one with --port, or none for a free one`,
  });
  app.close();
});
