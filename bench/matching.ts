import { fork } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { runChecked } from "#kernel/process/run-command.ts";
import { BenchClient, type Figures } from "./matching/bench-client.ts";
import { cachedBytes, cachedSha1 } from "./matching/fill-resource-cache.ts";

// `npm run bench:matching [-- --only matches,assembly,again,ten,large] [-- --database URL] [-- --files N]`: the package path
// of one Cloud Controller, a process of its own, with a million files in its resource cache. On PostgreSQL with --database or below
// scripts/with-postgres; its rows are in a schema of this run, which is dropped.

const parts = { matches, assembly, again, ten, large };

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(parts).join(",") },
    database: { type: "string" },
    files: { type: "string", default: "1000000" },
  },
});
const cached = z.coerce.number().int().min(1).parse(values.files);
const only = new Set(z.array(z.keyof(z.object(parts))).parse(values.only.split(",")));
const databaseUrl = values.database ?? process.env["RIVERA_POSTGRES_SERVER"];

const directory = mkdtempSync(path.join(tmpdir(), "rivera-bench-matching-"));
const server = fork(
  path.join(import.meta.dirname, "matching-server.ts"),
  [JSON.stringify({ directory, databaseUrl, files: cached })],
  {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  },
);
const ended = once(server, "exit");
try {
  const client = await BenchClient.of(server);
  print(
    `${databaseUrl === undefined ? "SQLite" : "PostgreSQL"}, files on ${tmpdir()}`.padEnd(48),
    "    took  server's CPU  its loop late p99 / max  load",
  );
  for (const name of only) await parts[name](client);
} finally {
  if (server.connected) server.disconnect();
  await ended;
  rmSync(directory, { recursive: true, force: true });
}

async function matches(client: BenchClient): Promise<void> {
  for (const [round, files] of [15_000, 15_000, 15_000, 99_000].entries()) {
    const bodies = questions(files, (index) => ({
      checksum: { value: cachedSha1(((round * 100_000 + index) * 7_919) % cached) },
      size_in_bytes: cachedBytes,
      path: `node_modules/some-package-${index % 50}/dist/esm/internal/file-${index}.js`,
      mode: "0644",
    }));
    const answers: string[] = [];
    const figures = await client.measure(async () => {
      for (const body of bodies)
        answers.push(await client.send("POST", "/v3/resource_matches", body));
    });
    const matched = answers.reduce((sum, text) => sum + matchedIn(text), 0);
    if (matched !== files) throw new Error(`only ${matched} of ${files} files matched`);
    row(`${files} files matched in ${bodies.length} requests`, figures);
  }
}

/** The platform and the tools in turns, each round with files that neither has seen. */
async function assembly(client: BenchClient): Promise<void> {
  for (const round of [1, 2, 3]) {
    const { tree, files } = makeTree(`tree-${round}`, { files: 5_000, bytes: 20_000 });
    const zip = path.join(directory, `tree-${round}.zip`);
    const byHand = await timed(async () => {
      await runChecked("zip", ["-1", "-q", "-r", zip, "."], { cwd: tree });
      await runChecked("unzip", ["-q", zip, "-d", path.join(directory, `unzipped-${round}`)]);
    });
    print("zip -1 and unzip of 100 MB in 5,000 files".padEnd(48), inMs(byHand));
    const started = performance.now();
    const figures = await client.measure(() => client.push(client.apps[0] ?? "", { zip }));
    await untilMatched(client, files, 20_000);
    const note = `all of its files matched after ${inMs(performance.now() - started).trim()}`;
    row("upload of that zip to READY", figures, `ratio ${ratio(figures.tookMs, byHand)}; ${note}`);
    const again = await client.measure(() => client.push(client.apps[0] ?? "", { zip }));
    row("the same zip again", again, `ratio ${ratio(again.tookMs, byHand)}`);
  }
}

/** What the server does for a push of a tree of which it has all but one file. */
async function again(client: BenchClient): Promise<void> {
  const { tree, files } = makeTree("again", { files: 15_439, bytes: 7_000 });
  const whole = path.join(directory, "whole.zip");
  await runChecked("zip", ["-1", "-q", "-r", whole, "."], { cwd: tree });
  await client.push(client.apps[0] ?? "", { zip: whole });
  await untilMatched(client, files, 7_000);
  const [changed = "", ...same] = files.keys();
  writeFileSync(path.join(tree, changed), "one line is another\n");
  const changedZip = path.join(directory, "changed.zip");
  await runChecked("zip", ["-1", "-q", changedZip, changed], { cwd: tree });
  const resources = same.map((name) => resource(name, files.get(name) ?? "", 7_000));
  const bodies = questions(resources.length, (index) => resources[index]);
  const field = JSON.stringify(resources);
  const byHand = await timed(async () => {
    const target = path.join(directory, "by-hand.zip");
    await runChecked("zip", ["-1", "-q", "-r", target, "."], { cwd: tree });
  });
  print(`zip -1 -r of ${files.size} files`.padEnd(48), inMs(byHand));
  const figures = await client.measure(async () => {
    for (const body of bodies) await client.send("POST", "/v3/resource_matches", body);
    await client.push(client.apps[0] ?? "", { zip: changedZip, resources: field });
  });
  const lists = bodies.reduce((sum, body) => sum + body.length, 0) + field.length;
  row(
    "one of them changed: matched, uploaded, READY",
    figures,
    `ratio ${ratio(figures.tookMs, byHand)}; zip ${statSync(changedZip).size} bytes, lists of hashes ${(lists / 1024 ** 2).toFixed(1)} MiB`,
  );
}

async function ten(client: BenchClient): Promise<void> {
  const zips = await Promise.all(
    client.apps.map(async (_app, index) => {
      const zip = path.join(directory, `ten-${index}.zip`);
      const { tree } = makeTree(`ten-${index}`, { files: 1_000, bytes: 5_000 });
      await runChecked("zip", ["-1", "-q", "-r", zip, "."], { cwd: tree });
      return zip;
    }),
  );
  const latencies: number[] = [];
  const figures = await client.measure(async () => {
    let pushing = true;
    const pushes = client.apps.map((app, index) => client.push(app, { zip: zips[index] ?? "" }));
    const done = Promise.all(pushes).finally(() => (pushing = false));
    while (pushing) {
      latencies.push(await timed(async () => void (await client.send("GET", "/v3/apps"))));
    }
    await done;
  });
  latencies.sort((a, b) => a - b);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  const note = `GET /v3/apps meanwhile, ${latencies.length} times: p99 ${p99.toFixed(0)} ms, at most ${(latencies.at(-1) ?? 0).toFixed(0)} ms`;
  row("ten pushes of 1,000 files at once", figures, note);
}

async function large(client: BenchClient): Promise<void> {
  const tree = path.join(directory, "large");
  mkdirSync(tree);
  const random = "head -c 511M /dev/urandom > a; head -c 511M /dev/urandom > b";
  await runChecked("sh", ["-c", random], { cwd: tree });
  const zip = path.join(directory, "large.zip");
  await runChecked("zip", ["-0", "-q", "-r", zip, "."], { cwd: tree });
  const figures = await client.measure(() => client.push(client.apps[0] ?? "", { zip }));
  const grown = (figures.grownBytes / 1024 ** 2).toFixed(0);
  row("upload of 1 GiB to READY", figures, `memory grew by ${grown} MiB`);
}

/** A package of many files is READY before the cache has them. */
async function untilMatched(
  client: BenchClient,
  files: ReadonlyMap<string, string>,
  bytes: number,
): Promise<void> {
  const all = [...files].map(([name, sha1]) => resource(name, sha1, bytes));
  for (const body of questions(all.length, (index) => all[index])) {
    while (matchedIn(await client.send("POST", "/v3/resource_matches", body)) < matchedIn(body)) {
      await sleep(20);
    }
  }
}

function matchedIn(document: string): number {
  return z.object({ resources: z.array(z.unknown()) }).parse(JSON.parse(document)).resources.length;
}

function resource(name: string, sha1: string, bytes: number) {
  return { checksum: { value: sha1 }, size_in_bytes: bytes, path: name, mode: "644" };
}

function questions(files: number, resource: (index: number) => unknown): string[] {
  return Array.from({ length: Math.ceil(files / 5_000) }, (_, part) =>
    JSON.stringify({
      resources: Array.from({ length: Math.min(5_000, files - part * 5_000) }, (_each, index) =>
        resource(part * 5_000 + index),
      ),
    }),
  );
}

/** The tree's folder, and the SHA-1 of each file. */
function makeTree(name: string, size: { readonly files: number; readonly bytes: number }) {
  const tree = path.join(directory, name);
  const files = new Map<string, string>();
  for (let index = 0; index < size.files; index += 1) {
    const folder = `folder-${index % 100}`;
    mkdirSync(path.join(tree, folder), { recursive: true });
    const line = `${name} ${hash("sha1", String(index))} `;
    const content = line.repeat(Math.ceil(size.bytes / line.length)).slice(0, size.bytes);
    writeFileSync(path.join(tree, folder, `file-${index}`), content);
    files.set(`${folder}/file-${index}`, hash("sha1", content));
  }
  return { tree, files };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function row(what: string, figures: Figures, note = ""): void {
  const { tookMs, cpuMs, delayP99Ms, delayMaxMs } = figures;
  const load = (loadavg()[0] ?? 0).toFixed(1).padStart(5);
  const delays = `${inMs(delayP99Ms)} /${inMs(delayMaxMs)}`;
  print(what.padEnd(48), inMs(tookMs), inMs(cpuMs).padStart(12), delays.padStart(23), load, note);
}

function ratio(one: number, other: number): string {
  return (one / other).toFixed(2);
}

function inMs(ms: number): string {
  return `${ms.toFixed(0).padStart(6)} ms`;
}

function print(...columns: readonly string[]): void {
  process.stdout.write(`${columns.join("  ").trimEnd()}\n`);
}
