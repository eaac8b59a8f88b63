import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { SupervisorLost } from "../container-runtime.ts";
import { isAlive, startTimeOf } from "../host/process-identity.ts";
import { createContainer, firstOutput, shell } from "../contract/contract-container.ts";
import { openRealRuntime, realRuntimes, reasonToSkip } from "./real-runtimes.ts";

for (const name of realRuntimes) {
  const skip = reasonToSkip(name);

  test(
    `a cell by ${name} killed with -9 comes back to running apps and misses nothing`,
    { skip },
    async () => {
      const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-adoption-"));
      const killed = await runCellAndKillIt(name, dataDir);

      const runtime = await openRealRuntime(name, dataDir);
      try {
        const [container] = await runtime.containers();
        assert.ok(container !== undefined);
        assert.deepEqual(container.properties, { app: "counter" });
        const main = await container.process("main");
        const ended = await container.process("ended");
        assert.ok(main !== undefined && ended !== undefined);

        // What was written while there was no cell, and an exit that nobody saw.
        assert.equal(await text(ended.stdout), "last words\n");
        assert.deepEqual(await ended.exited, { status: 6, outOfMemory: false });

        assert.ok((await container.metrics()).diskBytes >= 2_000_000);

        await container.streamIn({ path: "/tmp", user: "vcap", tar: emptyTar() });
        await main.signal("SIGTERM");
        const [stdout, exit] = await Promise.all([text(main.stdout), main.exited]);
        const lines = [...killed.lines, ...stdout.trim().split("\n")];
        const numbers = lines.filter((line) => line !== "bye").map(Number);
        assert.deepEqual(
          numbers,
          numbers.map((_, i) => i + 1),
        );
        assert.equal(lines.at(-1), "bye");
        assert.equal(exit.status, 9);

        await container.destroy();
        assert.deepEqual(readdirSync(path.join(dataDir, "containers")), []);
      } finally {
        await Promise.all((await runtime.containers()).map((container) => container.destroy()));
        await runtime[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  );

  test(
    `a cell by ${name} sweeps what was half made, and an app whose init has died`,
    { skip },
    async () => {
      const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-sweep-"));
      const first = await openRealRuntime(name, dataDir);
      const container = await createContainer(first, { handle: "dead" });
      await firstOutput(await container.run(shell("echo up; exec sleep 600")));
      process.kill(initOf(dataDir, "dead"), "SIGKILL");
      await first[Symbol.asyncDispose]();

      const second = await openRealRuntime(name, dataDir);
      try {
        assert.deepEqual(await second.containers(), []);
        assert.deepEqual(readdirSync(path.join(dataDir, "containers")), []);
        // The handle is free again.
        await (await createContainer(second, { handle: "dead" })).destroy();
      } finally {
        await second[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  );

  test(
    `a cell by ${name} ends what runs in its range of a cell whose folder is gone`,
    { skip },
    async () => {
      const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-orphan-"));
      const first = await openRealRuntime(name, dataDir);
      const container = await createContainer(first, { handle: "orphan" });
      await firstOutput(await container.run(shell("echo up; exec sleep 600")));
      const pid = initOf(dataDir, "orphan");
      const init = { pid, startTime: startTimeOf(pid) ?? "" };
      await first[Symbol.asyncDispose]();
      for (const mount of ["rootfs", "disk"]) {
        execFileSync("umount", ["-l", path.join(dataDir, "containers/orphan", mount)]);
      }
      rmSync(path.join(dataDir, "containers/orphan"), { recursive: true });

      const second = await openRealRuntime(name, dataDir);
      try {
        assert.deepEqual(await second.containers(), []);
        assert.equal(isAlive(init), false);
      } finally {
        await second[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  );

  test(
    `a process by ${name} whose supervisor is killed has no made-up status`,
    { skip },
    async () => {
      const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-lost-"));
      const runtime = await openRealRuntime(name, dataDir);
      try {
        const container = await createContainer(runtime, { handle: "lost" });
        const app = await container.run({ ...shell("echo up; exec sleep 600"), id: "main" });
        await firstOutput(app);

        process.kill(supervisorOf(dataDir, "lost", "main"), "SIGKILL");

        await assert.rejects(app.exited, SupervisorLost);
      } finally {
        await Promise.all((await runtime.containers()).map((container) => container.destroy()));
        await runtime[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  );
}

/** Starts a cell in a process (and mount namespace) of its own, reads some lines of its app, and kills the cell. */
async function runCellAndKillIt(
  name: (typeof realRuntimes)[number],
  dataDir: string,
): Promise<{ lines: string[] }> {
  const cell = spawn(
    path.resolve("scripts/enter-namespace"),
    [process.execPath, "--input-type=module-typescript", "-e", cellProgram, name, dataDir],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines: string[] = [];
  for await (const line of createInterface({ input: cell.stdout })) {
    if (/^\d+$/.test(line)) lines.push(line);
    if (line === "ended" && cell.kill("SIGKILL")) break;
  }
  await new Promise((resolve) => {
    if (cell.signalCode !== null) resolve(undefined);
    else cell.once("exit", resolve);
  });
  // Lines that were read but not yet passed on to us are lost with the cell, as an app's log in flight is: the counter
  // waits for the cell's death before it goes on.
  return { lines };
}

const cellProgram = `
import { createInterface } from "node:readline";
import { createContainer, shell } from "${path.resolve(import.meta.dirname, "../contract/contract-container.ts")}";
import { openRealRuntime } from "${path.resolve(import.meta.dirname, "real-runtimes.ts")}";
const [name, dataDir] = process.argv.slice(1);
const runtime = await openRealRuntime(name, dataDir);
const container = await createContainer(runtime, { properties: { app: "counter" } });
const main = await container.run({ ...shell(\`
  trap 'echo bye; exit 9' TERM
  i=0
  while :; do
    i=$((i + 1)); echo $i
    if [ $i = 20 ]; then sleep 1; fi
    sleep 0.02
  done
\`), id: "main" });
const waiting = Promise.withResolvers();
createInterface({ input: main.stdout }).on("line", (line) => {
  console.log(line);
  if (line === "20") waiting.resolve();
});
await waiting.promise;
await container.run({ ...shell("head -c 2000000 /dev/zero > /tmp/file; sleep 0.3; echo last words; exit 6"), id: "ended" });
console.log("ended");
`;

function emptyTar(): Readable {
  return Readable.from([Buffer.alloc(10_240)]);
}

function initOf(dataDir: string, handle: string): number {
  return jsonNumber(path.join(dataDir, "containers", handle, "container.json"), ["init", "pid"]);
}

function supervisorOf(dataDir: string, handle: string, id: string): number {
  const file = path.join(dataDir, "containers", handle, "processes", id, "started.json");
  return jsonNumber(file, ["supervisor"]);
}

function jsonNumber(file: string, keys: readonly string[]): number {
  let value: unknown = JSON.parse(readFileSync(file, "utf8"));
  for (const key of keys) {
    assert.ok(typeof value === "object" && value !== null);
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  assert.ok(typeof value === "number");
  return value;
}
