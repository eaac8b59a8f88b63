import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fromBufferPromise } from "yauzl";
import {
  startRecordingProxy,
  type RecordedRequest,
  type RecordingProxy,
} from "../test/support/recording-proxy.ts";
import type { TestPlatform } from "../test/support/test-platform.ts";
import { manyFilesApp } from "./fixtures.ts";

/** The size of the greater of the two real node_modules trees that issue 4 measures by. */
const files = 15_439;
const rounds = 5;
const rivera = path.resolve(import.meta.dirname, "../bin/rivera");

export interface SecondPush {
  /** `zip -1 -r` of the same tree, the fastest round. */
  readonly zipMs: number;
  /** From the client's start to its line "Uploading files...", of the fastest round. */
  readonly uploadingMs: number;
  /** From the client's start until it has seen the package READY, of the fastest round. */
  readonly readyMs: number;
  readonly wire: WireBytes;
}

export interface WireBytes {
  /** Content of files, as it went: deflated. */
  readonly content: number;
  /** The rest of the zip: names, folders, its directory. */
  readonly zipHeaders: number;
  /** The lists of hashes, sent once to match and once with the upload. */
  readonly hashLists: number;
}

/** Pushes a tree of many files, changes one line of one and pushes again, up to the package; zips it beside that. */
export async function measureSecondPush(platform: TestPlatform): Promise<SecondPush> {
  const folder = manyFilesApp(files - 2);
  try {
    await pushUntilReady(platform, folder);
    const times: { zipMs: number; uploadingMs: number; readyMs: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      changeOneLine(folder, round);
      const zipMs = zip(folder);
      times.push({ zipMs, ...(await pushUntilReady(platform, folder)) });
    }
    changeOneLine(folder, rounds);
    const wire = await bytesOnTheWire(platform, folder);
    const fastest = (of: (each: (typeof times)[number]) => number) => Math.min(...times.map(of));
    return {
      zipMs: fastest((each) => each.zipMs),
      uploadingMs: fastest((each) => each.uploadingMs),
      readyMs: fastest((each) => each.readyMs),
      wire,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function changeOneLine(folder: string, round: number): void {
  writeFileSync(path.join(folder, "server.js"), `// ${round} ${Math.random()}\n${server}`);
}

const server =
  'require("node:http").createServer((q, s) => s.end("many")).listen(process.env.PORT);\n';

function zip(folder: string): number {
  const target = path.join(tmpdir(), `rivera-bench-${process.pid}.zip`);
  const began = performance.now();
  const { status } = spawnSync("zip", ["-1", "-q", "-r", target, "."], { cwd: folder });
  const took = performance.now() - began;
  if (status !== 0) throw new Error(`zip ended with ${status}`);
  rmSync(target);
  return took;
}

/** The client tells of READY by what it does next: it shows the app. */
async function pushUntilReady(
  platform: TestPlatform,
  folder: string,
): Promise<{ uploadingMs: number; readyMs: number }> {
  const began = performance.now();
  const child = spawn(rivera, ["push", "second-push", "--no-start"], {
    cwd: folder,
    env: {
      ...process.env,
      RIVERA_DATA: platform.dataDir,
      RIVERA_HOME: path.join(platform.dataDir, "home"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let uploadingMs = 0;
  let readyMs = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    const now = performance.now() - began;
    if (uploadingMs === 0 && output.includes("Uploading files...")) uploadingMs = now;
    if (readyMs === 0 && /Waiting for API to complete .*\n\n/.test(output)) readyMs = now;
  });
  await once(child, "close");
  if (child.exitCode !== 0 || readyMs === 0) throw new Error(output);
  return { uploadingMs, readyMs };
}

async function bytesOnTheWire(platform: TestPlatform, folder: string): Promise<WireBytes> {
  await using proxy = await startRecordingProxy(platform.addresses.api);
  const home = path.join(platform.dataDir, "home-behind-proxy");
  await runThrough(platform, proxy, home);
  await checked(platform.rivera(["push", "second-push", "--no-start"], { cwd: folder, home }));
  const sent = (end: string) =>
    proxy.requests.filter(({ method, path: asked }) => method === "POST" && asked.endsWith(end));
  const [upload] = sent("/upload");
  if (upload === undefined) throw new Error("Nothing was uploaded");
  const { resources, bits } = partsOf(upload);
  let content = 0;
  for await (const entry of (await fromBufferPromise(bits)).eachEntry()) {
    content += entry.compressedSize;
  }
  const asked = sent("/v3/resource_matches").reduce((sum, { body }) => sum + body.length, 0);
  return { content, zipHeaders: bits.length - content, hashLists: asked + resources.length };
}

async function runThrough(
  platform: TestPlatform,
  proxy: RecordingProxy,
  home: string,
): Promise<void> {
  const { username, password } = platform.addresses.admin;
  const login = ["login", "-a", proxy.url, "-u", username, "-p", password];
  await checked(platform.rivera([...login, "-o", "rivera", "-s", "dev"], { home }));
}

async function checked(running: ReturnType<TestPlatform["rivera"]>): Promise<void> {
  const { status, stdout, stderr } = await running;
  if (status !== 0) throw new Error(stdout + stderr);
}

function partsOf({ headers, body }: RecordedRequest): { resources: Buffer; bits: Buffer } {
  const boundary = /boundary=(.*)$/.exec(headers["content-type"] ?? "")?.[1] ?? "";
  const part = (name: string) => {
    const start = body.indexOf("\r\n\r\n", body.indexOf(`name="${name}"`)) + 4;
    return body.subarray(start, body.indexOf(`\r\n--${boundary}`, start));
  };
  return { resources: part("resources"), bits: part("bits") };
}
