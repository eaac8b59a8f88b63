import { randomUUID } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { addMs, type Clock } from "#kernel/clock/clock.ts";

/** A program that `bin/rivera` starts from a bundle. */
export interface BundledProgram {
  /** Of the folder below `.cache`. */
  readonly name: string;
  readonly main: string;
  /** What it is made of; `bin/rivera` looks at the same. npm writes the last one whenever it changes a package. */
  readonly sources: readonly string[];
}

const packages = "node_modules/.package-lock.json";

export const client: BundledProgram = {
  name: "client",
  main: "src/cmd/cli.ts",
  sources: ["src/cli", "src/kernel", "src/cmd/cli.ts", "src/cmd/client-main.ts", packages],
};

export const platform: BundledProgram = {
  name: "platform",
  main: "src/cmd/platform-main.ts",
  sources: ["src", packages],
};

/** A file that changed so little before a bundle was begun may have been read half-old. */
export const settledMs = 1_000;
/** A command may run for long from a bundle that has been replaced, and load more of it; or another process be at making one. */
const inUseMs = 24 * 60 * 60 * 1_000;
const requireInModules =
  'import { createRequire as createRequireHere } from "node:module"; const require = createRequireHere(import.meta.url);' +
  'import { resolve as resolveHere } from "node:path";';

/**
 * A program in few files: a command of the client that loads 150 of its own and a library's 200 is busy with that for longer
 * than with anything else, and the platform's 1,800 modules are half of its start and a fifth of its memory. `bin/rivera`
 * takes the bundle at `.cache/NAME/current` while no source has changed since its `stamp`, and the sources otherwise, so
 * that nothing depends on it.
 *
 * @param root the folder of the installation
 */
export async function bundleProgram(
  root: string,
  program: BundledProgram,
  clock: Clock,
): Promise<void> {
  const folder = path.join(root, ".cache", program.name);
  const name = randomUUID();
  const target = path.join(folder, name);
  const begun = addMs(clock.now(), -settledMs);
  await mkdir(target, { recursive: true });
  try {
    await build(root, program, target);
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
  const running = commandLines();
  for (const old of await readdir(folder)) {
    const stats = lstatSync(path.join(folder, old), { throwIfNoEntry: false });
    if (old === "current" || stats === undefined || stats.mtimeMs > unusedSince) continue;
    // A platform runs for longer than a day, and may load more of itself.
    if (running.includes(old)) continue;
    await rm(path.join(folder, old), { recursive: true, force: true });
  }
}

/** Whether there is a bundle and nothing has changed since it was begun. By ctime: an unpacked archive brings old mtimes. */
export function isBundled(root: string, { name, sources }: BundledProgram): boolean {
  const file = path.join(root, ".cache", name, "current/stamp");
  const stamp = statSync(file, { throwIfNoEntry: false });
  if (stamp === undefined) return false;
  return sources.every((source) => isOlder(path.join(root, source), stamp.mtimeMs));
}

function isOlder(file: string, timeMs: number): boolean {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined || stats.ctimeMs > timeMs) return false;
  if (!stats.isDirectory()) return true;
  return readdirSync(file).every((name) => isOlder(path.join(file, name), timeMs));
}

/** Of all processes, in one text: `bin/rivera` starts a bundle by its own name. */
function commandLines(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(path.join("/proc", pid, "cmdline"), "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}

async function build(root: string, program: BundledProgram, target: string): Promise<void> {
  const { build: esbuild } = await import("esbuild");
  await esbuild({
    entryPoints: [path.join(root, program.main)],
    outdir: target,
    bundle: true,
    // What a command does not need it does not load.
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // It finds its program beside itself.
    external: ["esbuild"],
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    // What Node prints of an error that nobody catches begins with its line.
    lineLimit: 160,
    // For the traces in the platform's log (`sourceStacks`); Node reads them where it is told to: `NODE_OPTIONS=--enable-source-maps`.
    sourcemap: "linked",
    sourcesContent: false,
    banner: { js: requireInModules },
    logLevel: "silent",
    plugins: [
      {
        name: "threads and programs beside a source are found from where it lies",
        setup(setup) {
          setup.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path: file }) => ({
            contents: fromItsPlace(await readFile(file, "utf8"), path.relative(target, file)),
            loader: "ts",
          }));
        },
      },
    ],
  });
}

/** @param file of the source, relative to the bundle: the installation may be moved */
function fromItsPlace(text: string, file: string): string {
  const resolved = (to: string) => `resolveHere(import.meta.dirname, ${JSON.stringify(to)})`;
  const url = `new URL(${JSON.stringify(file)}, import.meta.url).href`;
  return text.replaceAll(/\bimport\.meta\.(url|dirname|filename)\b/g, (_, property) => {
    if (property === "url") return url;
    return resolved(property === "dirname" ? path.dirname(file) : file);
  });
}
