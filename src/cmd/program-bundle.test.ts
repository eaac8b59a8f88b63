import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { systemClock } from "#kernel/clock/system-clock.ts";
import {
  bundleProgram,
  type BundledProgram,
  client,
  isBundled,
  platform,
} from "./program-bundle.ts";

const root = path.resolve(import.meta.dirname, "../..");
const toldPlatform =
  "process.stdout.write(JSON.stringify([process.argv[1], import.meta.dirname, import.meta.filename]));";

/** What the client needs of an installation, and in the place of a platform one that tells what it was started from. */
async function installation() {
  const directory = await mkdtemp(path.join(tmpdir(), "program-bundle-"));
  for (const part of [
    "bin/rivera",
    "src/cli",
    "src/kernel",
    "src/cmd/client-main.ts",
    "package.json",
  ]) {
    await cp(path.join(root, part), path.join(directory, part), { recursive: true });
  }
  await mkdir(path.join(directory, "node_modules"));
  for (const name of await readdir(path.join(root, "node_modules"))) {
    await symlink(
      path.join(root, "node_modules", name),
      path.join(directory, "node_modules", name),
    );
  }
  const last = path.join(directory, "src/cmd/cli.ts");
  await writeFile(path.join(directory, "src/cmd/platform-main.ts"), toldPlatform);
  await cp(path.join(root, "src/cmd/cli.ts"), last);
  return {
    directory,
    current: path.join(directory, ".cache/client/current"),
    /** As if the installation had been there for long when the bundle was begun. */
    async settle(program: BundledProgram) {
      const seconds = ((await stat(last)).ctimeMs + 1) / 1_000;
      await utimes(path.join(directory, ".cache", program.name, "current/stamp"), seconds, seconds);
    },
    run: (...words: string[]) =>
      spawnSync(path.join(directory, "bin/rivera"), words, { encoding: "utf8" }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

test("the launcher runs the client from its bundle until a source is changed, and from the sources then", async () => {
  await using installed = await installation();
  assert.equal(isBundled(installed.directory, client), false);

  await bundleProgram(installed.directory, client, systemClock);
  await installed.settle(client);
  await appendFile(path.join(installed.current, "cli.js"), "\nprocess.stderr.write('bundled');");

  const bundled = installed.run("version");
  assert.equal(isBundled(installed.directory, client), true);
  assert.match(bundled.stdout, /^rivera version \d/);
  assert.equal(bundled.stderr, "bundled");

  await appendFile(path.join(installed.directory, "src/kernel/size.ts"), "\n");

  const changed = installed.run("version");
  assert.equal(isBundled(installed.directory, client), false);
  assert.match(changed.stdout, /^rivera version \d/);
  assert.equal(changed.stderr, "");
});

test("in a bundle threads are started from the sources", async () => {
  await using installed = await installation();
  await bundleProgram(installed.directory, client, systemClock);

  const texts = await Promise.all(
    (await readdir(installed.current)).map((name) =>
      readFile(path.join(installed.current, name), "utf8"),
    ),
  );
  const relative = texts.flatMap(
    (text) => /new URL\("([^"]*hash-files\.ts)", ?import\.meta\.url\)/.exec(text)?.[1] ?? [],
  );

  assert.equal(relative.length, 1);
  const bundle = pathToFileURL(`${installed.current}/x.js`);
  const worker = new URL("./hash-worker.ts", new URL(relative[0] ?? "", bundle));
  assert.ok((await stat(worker)).isFile());
});

test("the platform runs from its bundle by the bundle's own name, and finds what lies beside its sources", async () => {
  await using installed = await installation();
  const main = path.join(installed.directory, "src/cmd/platform-main.ts");
  const fromSources = installed.run("up");
  assert.deepEqual(JSON.parse(fromSources.stdout), [main, path.dirname(main), main]);

  await bundleProgram(installed.directory, platform, systemClock);
  await installed.settle(platform);

  const folder = await realpath(path.join(installed.directory, ".cache/platform/current"));
  const fromBundle = installed.run("up");
  const bundled = path.join(folder, "platform-main.js");
  assert.deepEqual(JSON.parse(fromBundle.stdout), [bundled, path.dirname(main), main]);
});

test("a bundle that has been replaced stays while a process runs from it", async () => {
  await using installed = await installation();
  const old = path.join(installed.directory, ".cache/platform", "0b1c-running");
  const unused = path.join(installed.directory, ".cache/platform", "0b1c-unused");
  for (const folder of [old, unused]) {
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, "platform-main.js"), "process.stdin.resume();");
    await utimes(folder, 0, 0);
  }
  const running = spawn(process.execPath, [path.join(old, "platform-main.js")]);
  await once(running, "spawn");

  await bundleProgram(installed.directory, platform, systemClock);
  const whileRunning = await readdir(path.dirname(old));
  running.stdin.end();
  await once(running, "close");
  await bundleProgram(installed.directory, platform, systemClock);
  const afterwards = await readdir(path.dirname(old));

  assert.ok(whileRunning.includes("0b1c-running"));
  assert.ok(!whileRunning.includes("0b1c-unused"));
  assert.ok(!afterwards.includes("0b1c-running"));
});
