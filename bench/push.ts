import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { TestPlatform } from "../test/support/test-platform.ts";
import { byHand, type ByHand } from "./by-hand.ts";
import { exampleCopy, manyFilesApp } from "./fixtures.ts";
import { measureSecondPush } from "./second-push.ts";

// `npm run bench`: start, idle memory, first and later pushes, side by side in one run with the same work done by hand.
// Figures of different machines and moments do not compare; the differences and ratios within a run do.

interface Push {
  readonly what: string;
  readonly byHand: ByHand;
  /** Milliseconds from the client's start to its end, and how they divide. */
  readonly totalMs: number;
  readonly uploadMs: number;
  readonly stageMs: number;
  readonly startMs: number;
}

const pushes: Push[] = [];
const load = loadavg()[0] ?? 0;

const startedAt = performance.now();
await using platform = await TestPlatform.start();
const firstUpMs = performance.now() - startedAt;
// As of any later start: from the bundle that a platform makes when it has nothing else to do, compiled before.
execFileSync(process.execPath, [
  path.resolve(import.meta.dirname, "../src/cmd/bundle-programs.ts"),
]);
await platform.stop();
await platform.up();
await platform.stop();
const again = performance.now();
await platform.up();
const secondUpMs = performance.now() - again;
await new Promise((resolve) => setTimeout(resolve, 3_000));
const idleMb = residentMb(platform.pid);
await platform.rivera(["login"]);

await comparePushes({
  name: "node-hello",
  buildpack: "nodejs_buildpack",
  folder: exampleCopy("node-hello"),
  startCommand: "npm start",
  rounds: 5,
});
await comparePushes({
  name: "many-files",
  buildpack: "procfile_buildpack",
  folder: manyFilesApp(),
  startCommand: "node server.js",
  rounds: 3,
});
const second = await measureSecondPush(platform);

print(
  `${availableParallelism()} cores, load ${load.toFixed(2)} at the start, files on ${tmpdir()}`,
);
print(`first up on an empty folder, to API ready ${seconds(firstUpMs)}`);
print(`a later up, to API ready                  ${seconds(secondUpMs)}`);
print(`idle memory of the platform, resident     ${idleMb.toFixed(0).padStart(8)} MB`);
print("");
print(
  `${"push (seconds)".padEnd(46)} total  upload  stage  start | by hand  scripts | overhead  ratio`,
);
for (const push of pushes) {
  const overhead = push.totalMs - push.byHand.totalMs;
  const ratio = (push.totalMs / push.byHand.totalMs).toFixed(2);
  print(
    `${push.what.padEnd(44)} ${[push.totalMs, push.uploadMs, push.stageMs, push.startMs].map(cell).join("")} |` +
      `${[push.byHand.totalMs, push.byHand.scriptsMs].map((ms) => ` ${cell(ms)}`).join("")} |  ${cell(overhead)} ${ratio.padStart(6)}`,
  );
}
print("");
print(
  "15,439 files pushed again after one line of one has changed, up to the package (fastest of 5)",
);
print(`zip -1 -r of the tree                     ${seconds(second.zipMs)}`);
print(`start of the client -> uploading          ${seconds(second.uploadingMs)}`);
print(
  `start of the client -> package READY      ${seconds(second.readyMs)}, ` +
    `${(second.readyMs / second.zipMs).toFixed(2)} of the zip (aim 0.60)`,
);
print(
  `bytes sent: ${second.wire.content} of file content (aim 4096), ${second.wire.zipHeaders} of the zip's headers, ` +
    `${second.wire.hashLists} of hash lists`,
);

async function comparePushes(app: {
  readonly name: string;
  readonly buildpack: string;
  readonly folder: string;
  readonly startCommand: string;
  readonly rounds: number;
}): Promise<void> {
  const cache = mkdtempSync(path.join(tmpdir(), "rivera-bench-cache-"));
  const first = await byHand({ ...app, cache });
  pushes.push({ what: `${app.name}, first`, byHand: first, ...(await push(app)) });
  const again: Omit<Push, "what">[] = [];
  for (let round = 0; round < app.rounds; round += 1) {
    writeFileSync(path.join(app.folder, "changed.txt"), `${Math.random()}\n`);
    const compared = await byHand({ ...app, cache });
    again.push({ byHand: compared, ...(await push(app)) });
  }
  // The fastest says what the work takes; slower ones, what else the machine did meanwhile.
  const fastest = again.toSorted((a, b) => a.totalMs - b.totalMs)[0];
  const hand = again.map((each) => each.byHand).toSorted((a, b) => a.totalMs - b.totalMs)[0];
  if (fastest !== undefined && hand !== undefined) {
    const what = `${app.name}, one file changed, best of ${app.rounds}`;
    pushes.push({ ...fastest, what, byHand: hand });
  }
  rmSync(cache, { recursive: true, force: true });
  rmSync(app.folder, { recursive: true, force: true });
}

/** Pushes with our client; the phases are told by its lines. */
async function push(app: {
  readonly name: string;
  readonly buildpack: string;
  readonly folder: string;
}): Promise<Omit<Push, "what" | "byHand">> {
  const began = performance.now();
  const rivera = path.resolve(import.meta.dirname, "../bin/rivera");
  const child = spawn(rivera, ["push", app.name, "-b", app.buildpack], {
    cwd: app.folder,
    env: {
      ...process.env,
      RIVERA_DATA: platform.dataDir,
      RIVERA_HOME: path.join(platform.dataDir, "home"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let staging = 0;
  let starting = 0;
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    const now = performance.now() - began;
    if (staging === 0 && output.includes("Staging app")) staging = now;
    if (starting === 0 && output.includes("Waiting for app")) starting = now;
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(output);
  const totalMs = performance.now() - began;
  return {
    totalMs,
    uploadMs: staging,
    stageMs: starting - staging,
    startMs: totalMs - starting,
  };
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

function cell(ms: number): string {
  return (ms / 1_000).toFixed(2).padStart(7);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2).padStart(8)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
