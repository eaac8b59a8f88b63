import { randomUUID } from "node:crypto";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { addMs, type Clock } from "#kernel/clock/clock.ts";

/** What the client is made of; `bin/rivera` looks at the same. npm writes the last one whenever it changes a package. */
const sources = ["src/cli", "src/kernel", "src/cmd/cli.ts", "node_modules/.package-lock.json"];

/** A file that changed so little before a bundle was begun may have been read half-old. */
const settledMs = 1_000;
/** A command may run for long from a bundle that has been replaced, and load more of it; or another process be at making one. */
const inUseMs = 24 * 60 * 60 * 1_000;
const requireInModules =
  'import { createRequire as createRequireHere } from "node:module"; const require = createRequireHere(import.meta.url);';

/**
 * The client in few files: a command that loads 150 of its own and a library's 200 is busy with that for longer than with
 * anything else. `bin/rivera` takes the bundle at `.cache/client/current` while no source has changed since its `stamp`,
 * and the sources otherwise, so that nothing depends on it.
 *
 * @param root the folder of the installation
 */
export async function bundleClient(root: string, clock: Clock): Promise<void> {
  const folder = path.join(root, ".cache/client");
  const name = randomUUID();
  const target = path.join(folder, name);
  const begun = addMs(clock.now(), -settledMs);
  await mkdir(target, { recursive: true });
  try {
    await build(root, target);
    const stamp = path.join(target, "stamp");
    await writeFile(stamp, "");
    await utimes(stamp, begun, begun);
    await symlink(name, path.join(folder, `${name}.current`));
    await rename(path.join(folder, `${name}.current`), path.join(folder, "current"));
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
  const unusedSince = clock.now().getTime() - inUseMs;
  for (const old of await readdir(folder)) {
    const stats = lstatSync(path.join(folder, old), { throwIfNoEntry: false });
    if (old === "current" || stats === undefined || stats.mtimeMs > unusedSince) continue;
    await rm(path.join(folder, old), { recursive: true, force: true });
  }
}

/** Whether there is a bundle and nothing has changed since it was begun. By ctime: an unpacked archive brings old mtimes. */
export function isClientBundled(root: string): boolean {
  const stamp = statSync(path.join(root, ".cache/client/current/stamp"), { throwIfNoEntry: false });
  if (stamp === undefined) return false;
  return sources.every((source) => isOlder(path.join(root, source), stamp.mtimeMs));
}

function isOlder(file: string, timeMs: number): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined || stats.ctimeMs > timeMs) return false;
  if (!stats.isDirectory()) return true;
  return readdirSync(file).every((name) => isOlder(path.join(file, name), timeMs));
}

async function build(root: string, target: string): Promise<void> {
  const { build: esbuild } = await import("esbuild");
  await esbuild({
    entryPoints: [path.join(root, "src/cmd/cli.ts")],
    outdir: target,
    bundle: true,
    // What a command does not need it does not load.
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: requireInModules },
    logLevel: "silent",
    plugins: [
      {
        name: "threads run from the sources",
        setup(setup) {
          setup.onLoad({ filter: /\/src\/(?:cli|kernel)\/.*\.ts$/ }, async ({ path: file }) => {
            const text = await readFile(file, "utf8");
            const url = `new URL(${JSON.stringify(path.relative(target, file))}, import.meta.url).href`;
            return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
          });
        },
      },
    ],
  });
}
