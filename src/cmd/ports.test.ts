import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { readPlatformState } from "./platform-state.ts";
import { HeldPorts } from "./held-ports.ts";
import { settlePorts } from "./ports.ts";

function scratch(): Disposable & { readonly path: string } {
  const directory = mkdtempSync(path.join(tmpdir(), "rivera-ports-"));
  return { path: directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

/** As after the start: nothing is held any more. */
async function settled(
  config: Parameters<typeof settlePorts>[0],
  say: (line: string) => void,
): Promise<Awaited<ReturnType<typeof settlePorts>>> {
  await using held = new HeldPorts();
  return await settlePorts(config, { say, held });
}

const anyFree = { host: "127.0.0.1", apiPort: 0, routerPort: 0 };

test("settlePorts() keeps ports and secrets from start to start, readable by the owner alone", async () => {
  using dir = scratch();
  const first = await settled({ ...anyFree, dataDir: dir.path }, () => undefined);

  const second = await settled({ ...anyFree, dataDir: dir.path }, () => undefined);

  assert.deepEqual(second, first);
  assert.equal(new Set([first.apiPort, first.routerPort, first.bbsPort]).size, 3);
  assert.equal(statSync(path.join(dir.path, "platform.json")).mode & 0o777, 0o600);
});

test("settlePorts() replaces a port that is taken, says so, and keeps the new one", async () => {
  using dir = scratch();
  const { apiPort } = await settled({ ...anyFree, dataDir: dir.path }, () => undefined);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(apiPort, "127.0.0.1", resolve));
  const said: string[] = [];

  const moved = await settled({ ...anyFree, dataDir: dir.path }, (line) => said.push(line));
  holder.close();

  assert.notEqual(moved.apiPort, apiPort);
  assert.deepEqual(said, [
    `Port ${apiPort} is taken: the API is on ${moved.apiPort} instead, from now on`,
  ]);
  assert.equal(readPlatformState(dir.path)?.apiPort, moved.apiPort);
});

test("settlePorts() takes the port that is asked for", async () => {
  using dir = scratch();
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));

  const state = await settled({ ...anyFree, apiPort: port, dataDir: dir.path }, () => undefined);

  assert.equal(state.apiPort, port);
});

test("a damaged platform.json is refused by name: starting afresh would orphan all that is stored", async () => {
  using dir = scratch();
  await settled({ ...anyFree, dataDir: dir.path }, () => undefined);
  writeFileSync(path.join(dir.path, "platform.json"), '{"internalSecret": "cut');

  assert.throws(() => readPlatformState(dir.path), /platform\.json": it is damaged/);
});

test("a held port is nobody else's until it is released, and not one of those of outgoing connections", async () => {
  await using held = new HeldPorts();
  await using others = new HeldPorts();
  const port = (await held.hold("127.0.0.1", 0)) ?? 0;

  const meanwhile = await others.hold("127.0.0.1", port);
  const early = await fetch(`http://127.0.0.1:${port}/`).catch(() => "refused");
  await held.release(port);
  const afterwards = await others.hold("127.0.0.1", port);

  assert.ok(port >= 20_000 && port < 32_768, String(port));
  assert.deepEqual([meanwhile, early, afterwards], [undefined, "refused", port]);
});
