import { hash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { DatabaseSync } from "node:sqlite";
import { request } from "undici";
import { runChecked } from "#kernel/process/run-command.ts";
import { Developer } from "#cloud-controller/testing/developer.ts";
import { TestCloudController } from "#cloud-controller/testing/test-cloud-controller.ts";

// `npm run bench:matching`: the package path of one Cloud Controller on SQLite with a million files in its resource cache.
// Client and server are one process here, so times and memory are those of both.

const cached = 1_000_000;
const directory = mkdtempSync(path.join(tmpdir(), "rivera-bench-matching-"));
try {
  print(`load ${(loadavg()[0] ?? 0).toFixed(2)} at the start, files on ${tmpdir()}`);
  await using cc = await TestCloudController.start({ directory });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("bench");
  fillCache(path.join(directory, "cloud-controller.db"));
  await measureMatches(cc);
  await measureAssembly(cc, developer, app);
  await measureTenAtOnce(cc, developer);
  await measureLargeUpload(cc, developer, app);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function fillCache(file: string): void {
  using database = new DatabaseSync(file);
  // Nothing of it need last: with the usual care a million rows take minutes.
  database.exec("pragma synchronous = off; pragma cache_size = -500000; pragma foreign_keys = off");
  database.exec(`begin; insert into resource_packs values ('bench', 'SEALED', 0, 0, '')`);
  const content = database.prepare(
    "insert into resource_files values (?, ?, 'bench', ?, 10, 8, 0, '2030-01-01')",
  );
  const possession = database.prepare("insert into resources values (?, 'bench', ?, ?, 0)");
  for (let index = 0; index < cached; index += 1) {
    const sha256 = hash("sha256", String(index));
    content.run(sha256, 100, index * 10);
    possession.run(hash("sha1", String(index)), sha256, 100);
  }
  database.exec("commit");
}

async function measureMatches(cc: TestCloudController): Promise<void> {
  const admin = await cc.admin();
  const bodies = (files: number) =>
    Array.from({ length: Math.ceil(files / 5_000) }, (_, part) => ({
      resources: Array.from({ length: Math.min(5_000, files - part * 5_000) }, (_each, index) => ({
        checksum: { value: hash("sha1", String(((part * 5_000 + index) * 7_919) % cached)) },
        size_in_bytes: 100,
        path: `node_modules/some-package-${part}/dist/esm/internal/file-${index}.js`,
        mode: "0644",
      })),
    }));
  for (const files of [15_000, 15_000, 99_000]) {
    const asked = bodies(files);
    const started = performance.now();
    let matched = 0;
    for (const body of asked) {
      matched += (await admin.post("/v3/resource_matches", body)).json.resources.length;
    }
    const took = performance.now() - started;
    if (matched !== files) throw new Error(`only ${matched} of ${files} files matched`);
    print(`${files} files matched in ${asked.length} requests`.padEnd(50), milliseconds(took));
  }
}

async function measureAssembly(
  cc: TestCloudController,
  developer: Developer,
  app: string,
): Promise<void> {
  const tree = makeTree("tree", { files: 5_000, bytes: 20_000 });
  const zip = path.join(directory, "tree.zip");
  const handStarted = performance.now();
  await runChecked("zip", ["-1", "-q", "-r", zip, "."], { cwd: tree });
  await runChecked("unzip", ["-q", zip, "-d", path.join(directory, "unzipped")]);
  const byHand = performance.now() - handStarted;
  print("zip -1 and unzip of 100 MB in 5,000 files".padEnd(50), milliseconds(byHand));
  for (const round of ["first", "second"]) {
    const guid = await developer.createPackage(app);
    const started = performance.now();
    await upload(cc, guid, zip);
    await ready(developer, guid);
    const took = performance.now() - started;
    const ratio = (took / byHand).toFixed(2);
    print(
      `${round} upload of that zip to READY`.padEnd(50),
      `${milliseconds(took)}  ratio ${ratio}`,
    );
  }
}

async function measureTenAtOnce(cc: TestCloudController, developer: Developer): Promise<void> {
  const zips: string[] = [];
  for (let index = 0; index < 10; index += 1) {
    const zip = path.join(directory, `ten-${index}.zip`);
    const tree = makeTree(`ten-${index}`, { files: 1_000, bytes: 5_000 });
    await runChecked("zip", ["-1", "-q", "-r", zip, "."], { cwd: tree });
    zips.push(zip);
  }
  const pushes = zips.map(async (zip, index) => {
    const guid = await developer.createPackage(await developer.createApp(`ten-${index}`));
    await upload(cc, guid, zip);
    await ready(developer, guid);
  });
  const latencies: number[] = [];
  let pushing = true;
  const done = Promise.all(pushes).finally(() => (pushing = false));
  while (pushing) {
    const started = performance.now();
    await developer.caller.get("/v3/apps");
    latencies.push(performance.now() - started);
  }
  await done;
  latencies.sort((a, b) => a - b);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? 0;
  const what = `GET /v3/apps during ten pushes, p99 of ${latencies.length}`;
  print(what.padEnd(50), milliseconds(p99));
}

async function measureLargeUpload(
  cc: TestCloudController,
  developer: Developer,
  app: string,
): Promise<void> {
  const tree = path.join(directory, "large");
  mkdirSync(tree);
  const random = "head -c 511M /dev/urandom > a; head -c 511M /dev/urandom > b";
  await runChecked("sh", ["-c", random], { cwd: tree });
  const zip = path.join(directory, "large.zip");
  await runChecked("zip", ["-0", "-q", "-r", zip, "."], { cwd: tree });
  const guid = await developer.createPackage(app);
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  const started = performance.now();
  await upload(cc, guid, zip);
  await ready(developer, guid);
  const took = performance.now() - started;
  clearInterval(watch);
  const grown = ((peak - before) / 1024 ** 2).toFixed(0);
  print(
    "upload of 1 GiB to READY".padEnd(50),
    `${milliseconds(took)}  memory grew by ${grown} MiB`,
  );
}

function makeTree(name: string, size: { readonly files: number; readonly bytes: number }): string {
  const tree = path.join(directory, name);
  for (let index = 0; index < size.files; index += 1) {
    const folder = path.join(tree, `folder-${index % 100}`);
    mkdirSync(folder, { recursive: true });
    const line = `${name} ${hash("sha1", String(index))} `;
    const content = line.repeat(Math.ceil(size.bytes / line.length)).slice(0, size.bytes);
    writeFileSync(path.join(folder, `file-${index}`), content);
  }
  return tree;
}

async function upload(cc: TestCloudController, guid: string, zip: string): Promise<void> {
  const head = Buffer.from(
    '--b\r\nContent-Disposition: form-data; name="bits"; filename="a.zip"\r\n' +
      "Content-Type: application/zip\r\n\r\n",
  );
  const tail = Buffer.from("\r\n--b--\r\n");
  const answer = await request(`${cc.url}/v3/packages/${guid}/upload`, {
    method: "POST",
    headers: {
      authorization: `bearer ${await cc.token({ userGuid: "admin-guid", scopes: ["cloud_controller.admin"] })}`,
      "content-type": "multipart/form-data; boundary=b",
      "content-length": String(head.length + statSync(zip).size + tail.length),
    },
    body: Readable.from(parts()),
    headersTimeout: 600_000,
    bodyTimeout: 600_000,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`the upload was refused: ${text}`);

  async function* parts(): AsyncGenerator<Buffer> {
    yield head;
    yield* createReadStream(zip);
    yield tail;
  }
}

async function ready(developer: Developer, guid: string): Promise<void> {
  for (;;) {
    const found = await developer.caller.get(`/v3/packages/${guid}`);
    if (found.json.state === "READY") return;
    if (found.json.state === "FAILED") throw new Error(found.text);
  }
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(0).padStart(6)} ms`;
}

function print(...columns: readonly string[]): void {
  process.stdout.write(`${columns.join("  ")}\n`);
}
