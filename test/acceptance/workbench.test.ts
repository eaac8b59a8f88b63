import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { appFolder } from "../support/app-folder.ts";
import { eventually, runCli, type CliResult } from "../support/test-platform.ts";

const bin = path.resolve(import.meta.dirname, "../../bin/rivera");
const script = (...lines: string[]) => ["#!/bin/bash", ...lines, ""].join("\n");

/** A folder of a buildpack author: a buildpack, fixtures for it, and the data folder that keeps what is warm. */
function bench() {
  const folder = appFolder({
    "fixtures/bare/notes.txt": "nothing to detect\n",
    "fixtures/broken/index.html": "broken\n",
    "fixtures/broken/fail": "",
    "fixtures/good/index.html": "hello\n",
  });
  folder.write("bp/VERSION", "1.2.3\n");
  folder.write("bp/bin/detect", script('[ -f "$1/index.html" ] && echo simple 1.2.3'), 0o755);
  folder.write(
    "bp/bin/compile",
    script(
      'echo "-----> greeting is ${GREETING:-none}, cache has: $(ls "$2")"',
      'touch "$2/stamp"',
      'if [ -f "$1/fail" ]; then echo "cannot do that" >&2; exit 7; fi',
    ),
    0o755,
  );
  const command = "exec python3 -m http.server $PORT";
  folder.write(
    "bp/bin/release",
    script(`echo 'default_process_types: {web: "${command}"}'`),
    0o755,
  );
  const rivera = async (...args: string[]): Promise<CliResult> =>
    await runCli(bin, [...args, "--data", path.join(folder.path, "data")], {
      cwd: folder.path,
      env: { HOME: folder.path },
      timeoutMs: 120_000,
    });
  return { ...folder, rivera, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("a buildpack author stages a folder, runs its droplet and stages a folder of fixtures without a platform", async () => {
  using on = bench();

  const flags = ["-b", "bp", "-e", "GREETING=hi", "-o", "good.tgz", "--timeline"];
  const staged = await on.rivera("stage", "fixtures/good", ...flags);
  assert.equal(staged.status, 0, shown(staged));
  assert.match(staged.stdout, /-----> greeting is hi, cache has: \n/);
  assert.match(staged.stdout, /^web: +exec python3 -m http.server \$PORT$/m);
  assert.match(staged.stdout, /^ +compile bp +\d+\.\d+ s/m, "its timeline");
  assert.deepEqual(
    readdirSync(on.path).filter((name) => name.startsWith("good")),
    ["good.tgz"],
    "the droplet alone",
  );

  await fetchFromRunning(on.path);

  const table = await on.rivera("stage", "--fixtures", "fixtures", "-b", "bp", "--detect");

  assert.equal(table.status, 1, shown(table));
  assert.match(
    table.stdout,
    /^bare +failed +\d+\.\d s +NoAppDetectedError - An app was not successfully detected/m,
  );
  assert.match(
    table.stdout,
    /^broken +failed +bp 1\.2\.3 +\d+\.\d s +BuildpackCompileFailed - .*compile of bp ended with exit status 7$/m,
  );
  assert.match(table.stdout, /^good +staged +bp 1\.2\.3 +\d+\.\d s +\d+B *$/m);
  assert.match(table.stdout, /The end of the log of broken:\n(?: {3}.*\n)* {3}cannot do that\n/);
  assert.match(table.stderr, /^2 of 3 failed$/m);
});

/** `rivera run`, asked once, then stopped as Ctrl-C does. */
async function fetchFromRunning(folder: string): Promise<void> {
  const data = path.join(folder, "data");
  const child = spawn(bin, ["run", "good.tgz", "--data", data], { cwd: folder, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = once(child, "exit");
  try {
    const address = await eventually(() => /It runs at (\S+)\./.exec(output)?.[1], {
      withinMs: 60_000,
      what: () => `the droplet to run:\n${output}`,
    });
    const response = await fetch(`${address}/index.html`);
    assert.equal(await response.text(), "hello\n");
  } finally {
    child.kill("SIGINT");
  }
  assert.deepEqual(await ended, [0, null], output);
  assert.match(output, /\nStopped\.\n/);
}

function shown({ stdout, stderr }: CliResult): string {
  return `${stdout}\n${stderr}`;
}
