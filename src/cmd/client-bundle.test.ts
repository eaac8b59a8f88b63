import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { bundleClient, isClientBundled } from "./client-bundle.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** What the client needs of an installation. */
async function installation() {
  const directory = await mkdtemp(path.join(tmpdir(), "client-bundle-"));
  for (const part of ["bin/rivera", "src/cli", "src/kernel", "package.json"]) {
    await cp(path.join(root, part), path.join(directory, part), { recursive: true });
  }
  await mkdir(path.join(directory, "node_modules"));
  for (const name of await readdir(path.join(root, "node_modules"))) {
    await symlink(
      path.join(root, "node_modules", name),
      path.join(directory, "node_modules", name),
    );
  }
  await mkdir(path.join(directory, "src/cmd"));
  const last = path.join(directory, "src/cmd/cli.ts");
  await cp(path.join(root, "src/cmd/cli.ts"), last);
  return {
    directory,
    current: path.join(directory, ".cache/client/current"),
    /** As if the installation had been there for long when the bundle was begun. */
    async settle() {
      const seconds = ((await stat(last)).ctimeMs + 1) / 1_000;
      await utimes(path.join(directory, ".cache/client/current/stamp"), seconds, seconds);
    },
    run: () => spawnSync(path.join(directory, "bin/rivera"), ["version"], { encoding: "utf8" }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

test("the launcher runs the client from its bundle until a source is changed, and from the sources then", async () => {
  await using client = await installation();
  assert.equal(isClientBundled(client.directory), false);

  await bundleClient(client.directory, systemClock);
  await client.settle();
  await appendFile(path.join(client.current, "cli.js"), "\nprocess.stderr.write('bundled');");

  const bundled = client.run();
  assert.equal(isClientBundled(client.directory), true);
  assert.match(bundled.stdout, /^rivera version \d/);
  assert.equal(bundled.stderr, "bundled");

  await appendFile(path.join(client.directory, "src/kernel/size.ts"), "\n");

  const changed = client.run();
  assert.equal(isClientBundled(client.directory), false);
  assert.match(changed.stdout, /^rivera version \d/);
  assert.equal(changed.stderr, "");
});

test("in a bundle threads are started from the sources", async () => {
  await using client = await installation();
  await bundleClient(client.directory, systemClock);

  const texts = await Promise.all(
    (await readdir(client.current)).map((name) =>
      readFile(path.join(client.current, name), "utf8"),
    ),
  );
  const relative = texts.flatMap(
    (text) => /new URL\("([^"]*hash-files\.ts)", ?import\.meta\.url\)/.exec(text)?.[1] ?? [],
  );

  assert.equal(relative.length, 1);
  const bundle = pathToFileURL(`${client.current}/x.js`);
  const worker = new URL("./hash-worker.ts", new URL(relative[0] ?? "", bundle));
  assert.ok((await stat(worker)).isFile());
});
