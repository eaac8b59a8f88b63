import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { Agent, setGlobalDispatcher } from "undici";
import { appFolder, type AppFolder } from "../test/support/app-folder.ts";
import { loggedIn } from "../test/support/api.ts";
import { TestPlatform } from "../test/support/test-platform.ts";
import { exampleCopy } from "./fixtures.ts";
import { firstLineMs, stagingOf, type Staging } from "./stagings.ts";

// `npm run bench:staging`: what the platform adds to a staging and to the start of an instance. Buildpacks' scripts are
// taken from the timeline of the same staging; what is compared by hand is done on the same files in the same run.

// A connection that was kept may end just when it is taken again, after seconds of work by hand.
setGlobalDispatcher(new Agent({ keepAliveTimeout: 1, keepAliveMaxTimeout: 1 }));

const atOnce = 20;
const observedRounds = 40;
const cpuSeconds = 5;
const mebibyte = 1024 ** 2;

using settings = appFolder({
  "rivera.yml":
    "staging: { minimum_staging_memory_mb: 256 }\nmaximum_app_disk_in_mb: 8192\ndefault_app_memory: 128\n",
});
const load = loadavg()[0] ?? 0;
await using platform = await TestPlatform.start({
  flags: ["--config", `${settings.path}/rivera.yml`],
});
const work = mkdtempSync(path.join(tmpdir(), "rivera-bench-"));
let api = await loggedIn(platform.addresses);
await rivera(["login"]);
const quotas = await api("GET", "/v3/organization_quotas");
await api("PATCH", `/v3/organization_quotas/${quotas.json.resources[0].guid}`, {
  apps: { total_memory_in_mb: null },
});

print(
  `${availableParallelism()} cores, load ${load.toFixed(2)} at the start, files on ${tmpdir()}`,
);
await smallApp();
await largeApp();
api = await loggedIn(platform.addresses);
await manyStagings();
// On a busy machine the parts take longer than a token lives.
api = await loggedIn(platform.addresses);
await nextInstance();
await observedStagings();
rmSync(work, { recursive: true, force: true });

async function smallApp(): Promise<void> {
  const folder = exampleCopy("node-hello");
  const stagings: Staging[] = [];
  for (let round = 0; round < 5; round += 1) {
    writeFileSync(path.join(folder, "round.txt"), `${round}\n`);
    stagings.push(await push("node-hello", folder));
  }
  const [cold, ...warm] = stagings;
  report("node-hello, cold", cold, "aim 1.00 s");
  report("node-hello, warm (least of 4)", least(warm), "aim 0.40 s");
  rmSync(folder, { recursive: true });
}

/** 100 MB of an app and as much of a cache, of which the buildpack changes one file: both are packed and sent. */
async function largeApp(): Promise<void> {
  using buildpack = appFolder({});
  script(buildpack, "detect", "test -e big.txt");
  script(
    buildpack,
    "compile",
    '[ -e "$2/part-0" ] || cp -a "$1"/part-* "$2"/; date +%N > "$2/changed"',
  );
  script(buildpack, "release", "echo 'default_process_types: { web: sleep 1000 }'");
  await createBuildpack("large_buildpack", buildpack.path);
  using app = appFolder({ "big.txt": "" });
  for (let part = 0; part < 100; part += 1) app.write(`part-${part}`, compressible(part));
  await push("large", app.path, ["-b", "large_buildpack", "--no-start"]);
  await rivera(["push", "large", "-b", "large_buildpack", "-k", "2G", "-u", "process"], app.path);
  app.write("round.txt", "1\n");
  const staging = await push("large", app.path, [
    "-b",
    "large_buildpack",
    "-k",
    "2G",
    "-u",
    "process",
  ]);
  const handMs = largeByHand(app.path);
  report(
    "100 MB app, 100 MB cache",
    staging,
    `${(overheadOf(staging) / handMs).toFixed(2)} of by hand ${seconds(handMs)} (aim 1.50)`,
  );
}

function largeByHand(app: string): number {
  const file = (name: string) => path.join(work, name);
  run("zip", ["-q", "-r", "-1", file("app.zip"), "."], app);
  run("tar", ["-I", "igzip -1", "-cf", file("cache.tgz"), "-C", app, "."]);
  for (const name of ["unpacked", "cache"]) mkdirSync(file(name));
  const started = performance.now();
  run("unzip", ["-q", file("app.zip"), "-d", file("unpacked")]);
  run("tar", ["-xzf", file("cache.tgz"), "-C", file("cache")]);
  run("cp", ["-a", file("unpacked"), file("copy")]);
  run("tar", ["-I", "igzip -1", "-cf", file("droplet.tgz"), "-C", file("copy"), "."]);
  run("tar", ["-I", "igzip -1", "-cf", file("new-cache.tgz"), "-C", file("cache"), "."]);
  return performance.now() - started;
}

async function manyStagings(): Promise<void> {
  const burn = `perl -e 'while (1) { my @t = times; last if $t[0] + $t[1] >= ${cpuSeconds} }'`;
  using buildpack = appFolder({});
  script(buildpack, "detect", "test -e burn.txt");
  script(buildpack, "compile", burn);
  script(buildpack, "release", "echo 'default_process_types: { web: sleep 1000 }'");
  await createBuildpack("burn_buildpack", buildpack.path);
  const byHand = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => once(spawn("sh", ["-c", burn]), "exit")));
  const handMs = performance.now() - byHand;
  using app = appFolder({ "burn.txt": "" });
  const names = Array.from({ length: atOnce }, (_, at) => `burn-${at}`);
  const packages: string[] = [];
  for (const name of names) {
    await rivera(["push", name, "-b", "burn_buildpack", "--no-start", "--no-route"], app.path);
    const { json } = await api("GET", `/v3/packages?app_guids=${await appGuid(name)}`);
    packages.push(json.resources[0].guid);
  }
  api = await loggedIn(platform.addresses);
  const started = performance.now();
  const stagings = await Promise.all(packages.map((guid) => stagingOf(api, guid)));
  const totalMs = performance.now() - started;
  const failed = stagings.filter(({ state }) => state !== "STAGED").length;
  print(
    `${atOnce} stagings at once, ${cpuSeconds} s of a processor each: ${seconds(totalMs)}, ` +
      `${(totalMs / handMs).toFixed(2)} of the scripts alone ${seconds(handMs)} (aim 1.20)` +
      (failed === 0 ? "" : `; ${failed} FAILED`),
  );
}

async function nextInstance(): Promise<void> {
  using app = appFolder({ Procfile: "web: echo first line; sleep 1000\n" });
  for (let part = 0; part < 60; part += 1) app.write(`part-${part}`, random(part));
  await push("sixty", app.path, ["-b", "procfile_buildpack", "-u", "process"]);
  const guid = await appGuid("sixty");
  const { logCache } = platform.addresses;
  await api("POST", `/v3/apps/${guid}/actions/start`);
  const times: number[] = [];
  for (let running = 1; running <= 5; running += 1) {
    times.push(await firstLineMs({ api, logCache, appGuid: guid, running }));
  }
  print(
    `an instance of a 60 MB droplet on the cell, request to first line: ` +
      `${Math.min(...times).toFixed(0)} ms, least of ${times.map((ms) => ms.toFixed(0)).join(", ")} (aim 200)`,
  );
}

/** The same stagings on two platforms in turns, of which one observes none. */
async function observedStagings(): Promise<void> {
  const folder = exampleCopy("node-hello");
  await using without = await TestPlatform.start({ flags: ["--observe", "off"] });
  await using on = await TestPlatform.start();
  const residentOfBoth = () => [without, on].map(({ pid }) => residentMb(pid)).join(" and ");
  const atRest = residentOfBoth();
  const sides = await Promise.all([without, on].map((one) => packageOn(one, folder)));
  const costs: { readonly wallMs: number; readonly cpuMs: number }[][] = [[], []];
  for (let round = 0; round < observedRounds + 2; round += 1) {
    // Whoever is second also bears the end of the first one's container.
    const order = [...sides.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [side, { of, apiOf, packageGuid }] of order) {
      const before = cpuMsOf(of.pid);
      const staging = await stagingOf(apiOf, packageGuid, { asksTimeline: false });
      if (staging.state !== "STAGED") throw new Error("A staging of the comparison failed");
      // The first two fill the caches.
      if (round > 1)
        costs[side]?.push({ wallMs: staging.totalMs, cpuMs: cpuMsOf(of.pid) - before });
    }
  }
  const [plain = [], observed = []] = costs;
  const wall = [plain, observed].map((each) => quartiles(each.map(({ wallMs }) => wallMs)));
  const cpu = [plain, observed].map((each) => mean(each.map(({ cpuMs }) => cpuMs)));
  const share = ((wall[1]?.[1] ?? 0) / (wall[0]?.[1] ?? 1) - 1) * 100;
  print(
    `observed, node-hello, quartiles of ${observedRounds}  staging ${wall.map((ms) => ms.map((one) => one.toFixed(0)).join(" ")).join(" and ")} ms ` +
      `without and with, medians ${share.toFixed(1)} % more (aim 3); platform's processor time ${cpu.map((ms) => ms.toFixed(0)).join(" and ")} ms; ` +
      `resident before any ${atRest} MB, after them ${residentOfBoth()} MB`,
  );
  rmSync(folder, { recursive: true });
}

async function packageOn(of: TestPlatform, folder: string) {
  const login = await of.rivera(["login"]);
  const pushed = await of.rivera(["push", "node-hello", "--no-start"], { cwd: folder });
  if (login.status !== 0 || pushed.status !== 0) throw new Error(`${login.stderr}${pushed.stderr}`);
  const apiOf = await loggedIn(of.addresses);
  const { json } = await apiOf("GET", "/v3/packages");
  return { of, apiOf, packageGuid: String(json.resources[0].guid) };
}

/** Of the process itself, user and system. */
function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMb(pid: number): string {
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kilobytes) / 1024).toFixed(0);
}

function quartiles(numbers: readonly number[]): number[] {
  const sorted = numbers.toSorted((a, b) => a - b);
  return [0.25, 0.5, 0.75].map((part) => sorted[Math.floor(sorted.length * part)] ?? 0);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

async function push(name: string, folder: string, args: readonly string[] = []): Promise<Staging> {
  await rivera(["push", name, "--no-start", ...args], folder);
  const { json } = await api(
    "GET",
    `/v3/packages?app_guids=${await appGuid(name)}&order_by=-created_at`,
  );
  const staging = await stagingOf(api, json.resources[0].guid);
  if (staging.state !== "STAGED") throw new Error(`The staging of "${name}" failed`);
  await api("PATCH", `/v3/apps/${await appGuid(name)}/relationships/current_droplet`, {
    data: { guid: staging.dropletGuid },
  });
  return staging;
}

async function createBuildpack(name: string, folder: string): Promise<void> {
  const file = path.join(work, `${name}.zip`);
  run("zip", ["-q", "-r", file, "."], folder);
  const { json } = await api("POST", "/v3/buildpacks", { name });
  const form = new FormData();
  form.append("bits", new Blob([readFileSync(file)]), `${name}.zip`);
  const upload = await api("POST", `/v3/buildpacks/${json.guid}/upload`, form);
  if (upload.status !== 202) throw new Error(`The upload of ${name} was answered ${upload.status}`);
  while ((await api("GET", `/v3/buildpacks/${json.guid}`)).json.state !== "READY") {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function appGuid(name: string): Promise<string> {
  const { json } = await api("GET", `/v3/apps?names=${name}`);
  return json.resources[0].guid;
}

async function rivera(args: readonly string[], cwd?: string): Promise<void> {
  const result = await platform.rivera(args, {
    timeoutMs: 900_000,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (result.status !== 0)
    throw new Error(`rivera ${args.join(" ")}: ${result.stdout}${result.stderr}`);
}

function script(folder: AppFolder, name: string, line: string): void {
  folder.write(`bin/${name}`, `#!/bin/bash\ncd "$1" && ${line}\n`, 0o755);
}

function run(command: string, args: readonly string[], cwd = work): void {
  const { status, stderr } = spawnSync(command, args, { cwd });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${String(stderr)}`);
}

/** A mebibyte of which a half is the same for all seeds. */
function compressible(seed: number): Buffer {
  const bytes = random(seed);
  bytes.fill(" ", mebibyte / 2);
  return bytes;
}

/** A mebibyte that no compressor makes smaller, the same for the same seed. */
function random(seed: number): Buffer {
  const words = new Uint32Array(mebibyte / 4);
  let state = seed + 1;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer);
}

function least(stagings: readonly Staging[]): Staging | undefined {
  return stagings.toSorted((a, b) => overheadOf(a) - overheadOf(b))[0];
}

function overheadOf({ totalMs, scriptsMs }: Staging): number {
  return totalMs - scriptsMs;
}

function report(what: string, staging: Staging | undefined, remark: string): void {
  if (staging === undefined) return;
  const { totalMs, scriptsMs } = staging;
  print(
    `${what.padEnd(32)} staging ${seconds(totalMs)}, scripts ${seconds(scriptsMs)}, ` +
      `overhead ${seconds(overheadOf(staging))}; ${remark}`,
  );
  print(
    `    of it ${staging.pieces.map(({ name, ms }) => `${name} ${ms.toFixed(0)} ms`).join(", ")}`,
  );
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
