import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, globSync, openSync, readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { batchesOf, type Batch } from "./test-batches.ts";

// Runs every test, several processes at once, for people to read; as TAP for the sum in the folder that is named.
//   node scripts/run-tests.ts FOLDER_OF_RESULTS

const patterns = ["src/**/*.test.ts", "web/**/*.test.ts", "test/**/*.test.ts"];
const topHook = /^(?:before|after)(?:Each)?\(/m;
const server = process.env["RIVERA_POSTGRES_SERVER"];

/** A process that what a test left open keeps alive counts as dead then; the longest takes a tenth of this. */
const batchTimeoutMs = 600_000;

/** Two where one would do for the processors: many tests wait for what other programs do. */
const atOnce = Math.max(2, Math.min(4, availableParallelism()));

async function runAll(results: string): Promise<boolean> {
  const files = globSync(patterns)
    .toSorted()
    .map((file) => ({ path: file, hasHooks: topHook.test(readFileSync(file, "utf8")) }));
  const databases =
    server === undefined ? (["SQLite"] as const) : (["SQLite", "PostgreSQL"] as const);
  const waiting = batchesOf(files, databases).map((batch, at) => ({ batch, at }));
  let passed = true;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const name = path.join(
          results,
          `${String(next.at).padStart(3, "0")}-${next.batch.database}`,
        );
        passed = (await runBatch(next.batch, name)) && passed;
      }
    }),
  );
  return passed;
}

async function runBatch(batch: Batch, results: string): Promise<boolean> {
  const memory = batch.inMemory ? process.env["RIVERA_TEST_MEMORY"] : undefined;
  const started = performance.now();
  // It is there from the beginning, so that one that dies is missed in the sum.
  closeSync(openSync(`${results}.tap`, "w"));
  // A file and no pipe: what a test leaves behind may hold it open.
  const output = openSync(`${results}.output`, "w");
  const child = spawn(process.execPath, [...flags(`${results}.tap`), ...batch.files], {
    stdio: ["ignore", output, output],
    timeout: batchTimeoutMs,
    killSignal: "SIGKILL",
    env: {
      ...process.env,
      ...(memory === undefined ? {} : { TMPDIR: memory }),
      ...(batch.database === "SQLite" ? {} : { RIVERA_TEST_POSTGRES: server }),
    },
  });
  closeSync(output);
  const [status] = await once(child, "exit");
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  process.stdout.write(`\n${batch.database}, ${seconds} s: ${batch.files.join(" ")}\n`);
  process.stdout.write(readFileSync(`${results}.output`));
  return status === 0;
}

const flags = (tap: string) => [
  "--test",
  "--test-isolation=none",
  "--test-timeout=300000",
  "--test-reporter=spec",
  "--test-reporter-destination=stdout",
  "--test-reporter=tap",
  `--test-reporter-destination=${tap}`,
];

const [results = tmpdir()] = process.argv.slice(2);
if (!(await runAll(results))) process.exitCode = 1;
