import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TestPlatform } from "../test/support/test-platform.ts";
import { bareBuildpack } from "./bare-buildpack.ts";
import { exampleCopy, manyFilesApp } from "./fixtures.ts";

// `node bench/push.ts`: start, idle memory, first and second push, side by side in one run with the bare buildpack run by
// hand on the same files. Prints one table; the figures to trust are the differences and ratios within a run.

interface Row {
  readonly what: string;
  readonly platformMs: number;
  readonly bareMs: number | undefined;
}

const rows: Row[] = [];
const startedAt = performance.now();
await using platform = await TestPlatform.start();
rows.push({
  what: "first up on an empty folder, to API ready",
  platformMs: performance.now() - startedAt,
  bareMs: undefined,
});
await platform.stop();
const again = performance.now();
await platform.up();
rows.push({
  what: "second up, to API ready",
  platformMs: performance.now() - again,
  bareMs: undefined,
});
const idleMb = residentMb(platform.pid);
await platform.rivera(["login"]);

await comparePushes({
  name: "node-hello",
  buildpack: "nodejs_buildpack",
  folder: exampleCopy("node-hello"),
});
await comparePushes({
  name: "many-files",
  buildpack: "procfile_buildpack",
  folder: manyFilesApp(),
});

for (const row of rows) {
  const bare =
    row.bareMs === undefined
      ? ""
      : `  bare ${seconds(row.bareMs)}  overhead ${seconds(row.platformMs - row.bareMs)}  ratio ${(row.platformMs / row.bareMs).toFixed(2)}`;
  console.log(`${row.what.padEnd(48)} ${seconds(row.platformMs)}${bare}`);
}
console.log(`idle memory of the platform (resident): ${idleMb.toFixed(0)} MB`);

async function comparePushes(app: {
  name: string;
  buildpack: string;
  folder: string;
}): Promise<void> {
  const cache = mkdtempSync(path.join(tmpdir(), "rivera-bare-cache-"));
  for (const round of ["first", "second, one file changed"]) {
    if (round !== "first")
      writeFileSync(path.join(app.folder, "changed.txt"), `${Math.random()}\n`);
    const bareMs = bareBuildpack({ buildpack: app.buildpack, folder: app.folder, cache });
    const began = performance.now();
    const result = await platform.rivera(["push", app.name, "-b", app.buildpack], {
      cwd: app.folder,
      timeoutMs: 300_000,
    });
    if (result.status !== 0) throw new Error(result.stdout + result.stderr);
    rows.push({
      what: `push ${app.name}, ${round}`,
      platformMs: performance.now() - began,
      bareMs,
    });
  }
  rmSync(cache, { recursive: true, force: true });
  rmSync(app.folder, { recursive: true, force: true });
}

function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2).padStart(7)} s`;
}
