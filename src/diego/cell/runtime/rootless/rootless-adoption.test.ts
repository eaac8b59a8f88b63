import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { outcome, shell } from "../contract/contract-container.ts";
import { openAsUser } from "./open-as-user.ts";
import { until } from "./until.ts";

const skip = process.getuid?.() === 0 ? "root runs these as an ordinary user" : false;

test(
  "a cell without root killed with -9 comes back to its running app, and can still enter it",
  { skip },
  async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-adoption-"));
    const port = await runCellAndKillIt(dataDir);

    const runtime = await openAsUser(dataDir);
    try {
      const [container] = await runtime.containers();
      assert.ok(container !== undefined);
      assert.deepEqual(container.properties, { app: "waiter" });
      assert.equal(container.reachablePort(8080), port);
      const main = await container.process("main");
      assert.ok(main !== undefined);

      // Only from the same user namespace can a process be put into it.
      const [stdout] = await outcome(await container.run(shell("cat ~/written; echo entered")));
      assert.equal(stdout, "by the app\nentered\n");
      await main.signal("SIGTERM");
      assert.equal(await text(main.stdout), "bye\n");
      assert.deepEqual(await main.exited, { status: 9, outOfMemory: false });

      await container.destroy();
      assert.deepEqual(readdirSync(path.join(dataDir, "containers")), []);
    } finally {
      await Promise.all((await runtime.containers()).map((container) => container.destroy()));
      await runtime[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
);

test("a container whose namespaces are lost is swept, with what runs in it", { skip }, async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), "rivera-lost-"));
  await runCellAndKillIt(dataDir);
  const keeper: { pid: number } = JSON.parse(
    readFileSync(path.join(dataDir, "namespace.json"), "utf8"),
  );
  assert.equal(commandLinesWith("app-of-the-lost-container").length, 1);
  process.kill(keeper.pid, "SIGKILL");

  const runtime = await openAsUser(dataDir);

  assert.deepEqual(await runtime.containers(), []);
  assert.deepEqual(readdirSync(path.join(dataDir, "containers")), []);
  await until(() => commandLinesWith("app-of-the-lost-container").length === 0);
  await runtime[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Runs a cell in a process of its own until its app is up, and kills the cell. Gives the app's port. */
async function runCellAndKillIt(dataDir: string): Promise<number> {
  const cell = spawn(
    process.execPath,
    ["--input-type=module-typescript", "-e", cellProgram, dataDir],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = new Promise((resolve) => cell.once("exit", resolve));
  let port = 0;
  for await (const line of createInterface({ input: cell.stdout })) {
    port = Number(line);
    cell.kill("SIGKILL");
  }
  await exited;
  assert.ok(port > 0);
  return port;
}

const cellProgram = `
import { createContainer, firstOutput, shell } from "${path.resolve(import.meta.dirname, "../contract/contract-container.ts")}";
import { openAsUser } from "${path.resolve(import.meta.dirname, "open-as-user.ts")}";
const [dataDir] = process.argv.slice(1);
const runtime = await openAsUser(dataDir);
const container = await createContainer(runtime, { properties: { app: "waiter" } });
const main = await container.run({ ...shell(\`
  trap 'echo bye; exit 9' TERM
  echo by the app > ~/written
  echo up
  while :; do sleep 0.02; done
\`), id: "main" });
await firstOutput(main);
main.stdout.read();
await container.run(shell("sleep 600; : app-of-the-lost-container"));
console.log(container.reachablePort(8080));
`;

/** Command lines of this user's living processes with a word in them. */
function commandLinesWith(word: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return line.includes(word) ? [line] : [];
      } catch {
        return [];
      }
    });
}
