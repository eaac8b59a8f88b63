import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

/** The dashboard as browsers load it. Few and small files: they are kept in memory. */
export interface PageBundle {
  readonly document: string;
  /** By name, which changes with the content. */
  readonly assets: ReadonlyMap<string, Buffer>;
}

const sourceDir = path.resolve(import.meta.dirname, "../../web");

/**
 * Bundles `web/` into a folder of `cacheDir`, unless this very one is there, and reads it. The same sources give the
 * same files. Two callers at once are safe: the folder appears by rename. Those of other sources go.
 */
export async function bundlePage(config: { readonly cacheDir: string }): Promise<PageBundle> {
  const target = path.join(config.cacheDir, `page-${await sourceKey()}`);
  const cached = await readBundle(target);
  if (cached !== undefined) return cached;
  await mkdir(config.cacheDir, { recursive: true });
  const draft = await mkdtemp(path.join(config.cacheDir, "draft-"));
  try {
    await build(draft);
    await rename(draft, target).catch(() => undefined);
    const built = (await readBundle(target)) ?? (await readBundle(draft));
    if (built === undefined) throw new Error(`Cannot read the page from ${target}`);
    await removeOthers(config.cacheDir, path.basename(target));
    return built;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function removeOthers(cacheDir: string, kept: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith("page-") || name === kept) continue;
    await rm(path.join(cacheDir, name), { recursive: true, force: true });
  }
}

/** A hash of everything that goes into the bundle: our sources, and the versions of what is bundled with them. */
async function sourceKey(): Promise<string> {
  const hash = createHash("sha256");
  const packages = createRequire(import.meta.url);
  for (const name of ["esbuild", "preact", "zod", "@xterm/xterm", "@xterm/addon-fit"]) {
    hash.update(await readFile(packages.resolve(`${name}/package.json`)));
  }
  hash.update(await readFile(import.meta.filename));
  const entries = await readdir(sourceDir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.(tsx?|css|html|svg)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.endsWith(".test.ts"));
  for (const file of files.sort()) {
    hash.update(`${path.relative(sourceDir, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 32);
}

async function build(directory: string): Promise<void> {
  // Loaded only when there is something to bundle: its process ends with the bundling.
  const { build: esbuild, stop } = await import("esbuild");
  const assets = path.join(directory, "assets");
  try {
    await esbuild({
      entryPoints: ["main.tsx", "style/page.css", "icon.svg"].map((name) =>
        path.join(sourceDir, name),
      ),
      outdir: assets,
      entryNames: "[name]-[hash]",
      loader: { ".svg": "copy" },
      bundle: true,
      platform: "browser",
      target: ["es2022"],
      format: "esm",
      // What few need is a file of its own: the terminal.
      splitting: true,
      chunkNames: "[name]-[hash]",
      jsx: "automatic",
      jsxImportSource: "preact",
      legalComments: "none",
      minify: true,
      logLevel: "silent",
    });
  } finally {
    await stop();
  }
  let document = await readFile(path.join(sourceDir, "index.html"), "utf8");
  for (const name of await readdir(assets)) {
    document = document.replace(placeholderOf(name), `assets/${name}`);
  }
  await writeFile(path.join(directory, "index.html"), document);
}

/** `assets/main.js` in the template stands for `assets/main-HASH.js`. */
function placeholderOf(name: string): string {
  return `assets/${name.replace(/-[A-Z0-9]+(?=\.\w+$)/, "")}`;
}

async function readBundle(directory: string): Promise<PageBundle | undefined> {
  try {
    const document = await readFile(path.join(directory, "index.html"), "utf8");
    const names = await readdir(path.join(directory, "assets"));
    const assets = await Promise.all(
      names.map(
        async (name) => [name, await readFile(path.join(directory, "assets", name))] as const,
      ),
    );
    return { document, assets: new Map(assets) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
