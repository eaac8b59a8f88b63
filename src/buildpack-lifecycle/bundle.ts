import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";

export interface LifecycleBundle {
  /** A gzipped tarball of what belongs at /tmp/lifecycle. */
  readonly path: string;
  /** Changes with the contents; for Cloud Controller's URL of the bundle and the cell's cache. */
  readonly key: string;
  readonly sha256: string;
}

const sourceDir = import.meta.dirname;
const containerDir = path.join(sourceDir, "container");
const programs = [
  { entry: "builder/main.ts", output: "builder.cjs" },
  { entry: "builder/staging-info-main.ts", output: "staging-info.cjs" },
] as const;

/** Where the platform mounts its own Node in every container, whatever toolchains it has. */
const nodeInContainer = "/etc/cf-assets/node";

/**
 * Bundles the lifecycle into `cacheDir`, unless this very one is there. The same sources give the same bytes. Two
 * callers at once are safe: the file appears by rename.
 */
export async function bundleLifecycle(config: {
  readonly cacheDir: string;
}): Promise<LifecycleBundle> {
  const key = await sourceKey();
  const target = path.join(config.cacheDir, `buildpack_app_lifecycle-${key}.tgz`);
  let archive = await readIfPresent(target);
  if (archive === undefined) {
    await mkdir(config.cacheDir, { recursive: true });
    archive = await build(config.cacheDir, target);
  }
  return { path: target, key, sha256: createHash("sha256").update(archive).digest("hex") };
}

/** A hash of everything that goes into the bundle: our sources, and the versions of what is bundled with them. */
async function sourceKey(): Promise<string> {
  const hash = createHash("sha256");
  const packages = createRequire(import.meta.url);
  for (const name of ["esbuild", "yaml"]) {
    hash.update(await readFile(packages.resolve(`${name}/package.json`)));
  }
  hash.update(await readFile(import.meta.filename));
  for (const directory of [path.join(sourceDir, "builder"), containerDir]) {
    for (const name of (await readdir(directory)).sort()) {
      if (name.endsWith(".test.ts")) continue;
      hash.update(`${name}\0`).update(await readFile(path.join(directory, name)));
    }
  }
  return hash.digest("hex").slice(0, 32);
}

async function build(cacheDir: string, target: string): Promise<Buffer> {
  const directory = await mkdtemp(path.join(cacheDir, "lifecycle-"));
  try {
    const contents = path.join(directory, "contents");
    await mkdir(contents);
    await chmod(contents, 0o755);
    // Loaded only when there is something to bundle: a start with the bundle in place must not pay for it.
    const { build: esbuild } = await import("esbuild");
    for (const { entry, output } of programs) {
      await esbuild({
        entryPoints: [path.join(sourceDir, entry)],
        outfile: path.join(contents, output),
        bundle: true,
        platform: "node",
        target: "node24",
        format: "cjs",
        legalComments: "none",
        // Read anew by every staging: half the size is a fifth of the builder's start. Names stay, for stack traces.
        minifySyntax: true,
        minifyWhitespace: true,
        logLevel: "silent",
      });
    }
    for (const name of await readdir(containerDir)) {
      await copyFile(
        path.join(containerDir, name),
        path.join(contents, name),
        constants.COPYFILE_EXCL,
      );
      await chmod(path.join(contents, name), 0o755);
    }
    await symlink(nodeInContainer, path.join(contents, "node"));
    const archive = gzipSync(await tarOf(contents), { level: 9 });
    const draft = path.join(directory, "bundle.tgz");
    await writeFile(draft, archive);
    await rename(draft, target);
    return archive;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

// Names sorted, times, owners and modes fixed: the same contents give the same bytes.
async function tarOf(directory: string): Promise<Buffer> {
  const child = spawn(
    "tar",
    [
      "--create",
      "--format=ustar",
      "--sort=name",
      "--mtime=@0",
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "--mode=u=rwX,go=rX",
      `--directory=${directory}`,
      ".",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) throw new Error(`Cannot pack the lifecycle: tar ended with status ${status}`);
  return Buffer.concat(chunks);
}

async function readIfPresent(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
