import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
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
    /^broken +failed +bp 1\.2\.3 +\d+\.\d s +BuildpackCompileFailed - .*compile of bp ended with exit status 7: cannot do that$/m,
  );
  assert.match(table.stdout, /^good +staged +bp 1\.2\.3 +\d+\.\d s +\d+B *$/m);
  assert.match(table.stdout, /The end of the log of broken:\n(?: {3}.*\n)* {3}cannot do that\n/);
  assert.match(table.stderr, /^2 of 3 failed$/m);
});

test("a droplet runs with its sidecars in one container, and one that ends ends the instance", async () => {
  using droplet = appFolder({
    "app/server.py": [
      "import http.server, os, pathlib",
      "class Handler(http.server.BaseHTTPRequestHandler):",
      "    def do_GET(self):",
      '        if self.path == "/end": pathlib.Path("asked").touch()',
      '        beside = pathlib.Path("beside")',
      '        text = beside.read_text() if beside.exists() else "nothing"',
      "        self.send_response(200)",
      "        self.end_headers()",
      "        self.wfile.write(f\"{os.environ['MEMORY_LIMIT']} {text}\".encode())",
      'http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()',
    ].join("\n"),
    "deps/0/launch.yml": JSON.stringify({
      processes: [
        {
          type: "helper",
          command:
            "echo $MEMORY_LIMIT >draft; mv draft beside; until [ -e asked ]; do sleep 0.1; done; exit 3",
          platforms: { cloudfoundry: { sidecar_for: ["web"] } },
          limits: { memory: 64 },
        },
        {
          type: "other",
          command: "exit 9",
          platforms: { cloudfoundry: { sidecar_for: ["worker"] } },
        },
      ],
    }),
    "staging_info.yml": JSON.stringify({ start_command: "python3 server.py" }),
  });
  const file = path.join(droplet.path, "droplet.tgz");
  const packed = ["-czf", file, "-C", droplet.path, "./app", "./deps", "./staging_info.yml"];
  assert.equal(spawnSync("tar", packed).status, 0);
  using run = running(droplet.path, ["droplet.tgz", "-m", "256M"]);
  const address = await run.address();

  await eventually(
    async () => ((await (await fetch(address)).text()) === "192m 64m\n" ? true : undefined),
    { withinMs: 20_000, what: () => `the sidecar's file:\n${run.output()}` },
  );
  await fetch(`${address}/end`);

  assert.deepEqual(await run.ended, [1, null], run.output());
  assert.match(run.output(), /^Beside it helper: echo/m);
  assert.match(run.output(), /\[APP\/PROC\/WEB\/SIDECAR\/HELPER\/0\] +OUT Exit status 3/);
  assert.match(run.output(), /^The app has ended: .*Exited with status 3/m);
  assert.doesNotMatch(run.output(), /other/);
});

/** `rivera run`, asked once, then stopped as Ctrl-C does. */
async function fetchFromRunning(folder: string): Promise<void> {
  using run = running(folder, ["good.tgz"]);
  const response = await fetch(`${await run.address()}/index.html`);
  assert.equal(await response.text(), "hello\n");
  run.stop();
  assert.deepEqual(await run.ended, [0, null], run.output());
  assert.match(run.output(), /\nStopped\.\n/);
}

/** `rivera run` in the folder, until it ends or is stopped as Ctrl-C does. */
function running(folder: string, args: readonly string[]) {
  const data = path.join(folder, "data");
  const child = spawn(bin, ["run", ...args, "--data", data], { cwd: folder, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  return {
    ended: once(child, "close"),
    output: () => output,
    address: () =>
      eventually(() => /It runs at (\S+)\./.exec(output)?.[1], {
        withinMs: 60_000,
        what: () => `the droplet to run:\n${output}`,
      }),
    stop: () => child.kill("SIGINT"),
    [Symbol.dispose]: () => void child.kill("SIGINT"),
  };
}

function shown({ stdout, stderr }: CliResult): string {
  return `${stdout}\n${stderr}`;
}
