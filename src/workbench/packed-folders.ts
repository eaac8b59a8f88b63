import { createHash } from "node:crypto";
import { createReadStream, readlinkSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { packageArchive, scanArchive } from "#cli/app-files/app-archive.ts";
import type { AppFile, AppSource } from "#cli/app-files/app-file.ts";
import { packageFolder } from "#cli/app-files/package-folder.ts";
import { scanFolder } from "#cli/app-files/scan-folder.ts";
import { ZipWriter } from "#cli/app-files/zip-writer.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";

export interface PackedFile {
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
}

/** More are removed, those first that have not been used for longest. */
const keptArchives = 30;
/** A buildpack's `manifest.yml` belongs to it, unlike an app's. */
const notOfBuildpacks = [".git", ".DS_Store"];

/** Zips of apps and buildpacks as a platform would have got them; what has not changed is not packed again. */
export class PackedFolders {
  readonly #directory: string;
  readonly #clock: Clock;

  constructor(options: { readonly directory: string; readonly clock: Clock }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
  }

  /** An app's folder, or its zip, with what its `.cfignore` leaves; in the way of a push. */
  async app(source: string, signal: AbortSignal): Promise<PackedFile & { readonly bytes: number }> {
    const isArchive = (await stat(source)).isFile();
    const files = isArchive ? await scanArchive(source) : await this.#scan(source, signal);
    const packed = await this.#packed({ root: source, isArchive, files });
    return { ...packed, bytes: files.reduce((sum, { size }) => sum + size, 0) };
  }

  async buildpack(folder: string, signal: AbortSignal): Promise<PackedFile> {
    const files = await this.#scan(folder, signal, notOfBuildpacks);
    return await this.#packed({ root: folder, isArchive: false, files });
  }

  async #scan(
    folder: string,
    signal: AbortSignal,
    ignoring?: readonly string[],
  ): Promise<AppFile[]> {
    const cacheFolder = path.join(this.#directory, "hashes");
    return await scanFolder(folder, {
      signal,
      clock: this.#clock,
      cacheFolder,
      ...(ignoring === undefined ? {} : { ignoring }),
    });
  }

  /** The name of an archive tells what was packed, and its checksum. */
  async #packed(source: AppSource): Promise<PackedFile> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const key = contentKey(source);
    const present = (await readdir(this.#directory)).find((name) => name.startsWith(`${key}-`));
    const now = this.#clock.now();
    if (present !== undefined) {
      const file = path.join(this.#directory, present);
      await utimes(file, now, now);
      return { path: file, sha256: present.slice(key.length + 1, -".zip".length) };
    }
    const draft = path.join(this.#directory, `.${randomGuids()}`);
    try {
      await pack(source, draft);
      const sha256 = await sha256OfFile(draft);
      const file = path.join(this.#directory, `${key}-${sha256}.zip`);
      await rename(draft, file);
      await this.#prune();
      return { path: file, sha256 };
    } finally {
      await rm(draft, { force: true });
    }
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith(".zip"));
    if (names.length <= keptArchives) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.#directory, name);
        return { file, usedAt: (await stat(file)).mtimeMs };
      }),
    );
    const oldestFirst = files.toSorted((a, b) => a.usedAt - b.usedAt);
    for (const { file } of oldestFirst.slice(0, -keptArchives)) await rm(file, { force: true });
  }
}

async function pack(source: AppSource, target: string): Promise<void> {
  await using zip = await ZipWriter.create(target);
  if (source.isArchive) await packageArchive(zip, source.root, source.files);
  else await packageFolder(zip, source.root, source.files);
  await zip.finish();
}

function contentKey({ root, isArchive, files }: AppSource): string {
  const digest = createHash("sha256");
  for (const { path: name, kind, mode, sha1 } of files) {
    const target = kind === "link" && !isArchive ? readlinkSync(path.join(root, name)) : "";
    digest.update(JSON.stringify([name, kind, mode, sha1, target]));
  }
  return digest.digest("hex").slice(0, 32);
}

export async function sha256OfFile(file: string): Promise<string> {
  const digest = createHash("sha256");
  await pipeline(createReadStream(file), digest);
  return digest.digest("hex");
}
