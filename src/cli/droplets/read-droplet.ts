import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { ReadEntry } from "tar";
import { z } from "zod";
import { formatBytes } from "#kernel/size.ts";
import type { DropletContents, DropletFile } from "./droplet-contents.ts";
import { DropletSettings, isSettingsFile, settingsBytes } from "./droplet-settings.ts";
import type { FoundPackage, NameReader, PackageReader } from "./found-package.ts";
import { GoBuildInfoScan } from "./go-build-info.ts";
import { goMod, modulesOfBinary } from "./go-packages.ts";
import { jar, pomProperties } from "./java-packages.ts";
import { installedNodePackages, packageLock, pnpmLock, yarnLock } from "./node-packages.ts";
import { PackageCollection } from "./package-collection.ts";
import { composerLock, installedPhpPackages } from "./php-packages.ts";
import {
  installedPythonPackages,
  pipfileLock,
  pythonLock,
  requirements,
} from "./python-packages.ts";
import { gemfileLock, installedGems } from "./ruby-packages.ts";
import { readTarEntries, type EntryVisitor } from "./tar-entries.ts";

const readers: readonly PackageReader[] = [
  installedNodePackages,
  packageLock,
  yarnLock,
  pnpmLock,
  requirements,
  pythonLock,
  pipfileLock,
  gemfileLock,
  installedPhpPackages,
  composerLock,
  goMod,
  pomProperties,
  jar,
];

const nameReaders: readonly NameReader[] = [installedPythonPackages, installedGems];

const mostPackages = 200_000;
const mostWarnings = 100;

/**
 * Reads a droplet in one pass. In memory are the list of its files and packages, and of contents one settings file, lock file or
 * jar at a time.
 */
export async function readDroplet(source: Readable, name: string): Promise<DropletContents> {
  const pass = new DropletPass();
  await readTarEntries(source, {
    name,
    visit: (entry) => pass.visit(entry),
    warn: (text) => pass.warn(text),
  });
  return pass.contents();
}

class DropletPass {
  readonly #files = new Map<string, DropletFile>();
  readonly #packages = new PackageCollection();
  readonly #settings = new DropletSettings();
  readonly #warnings: string[] = [];
  #tooManyPackages = false;

  warn(text: string): void {
    if (this.#warnings.includes(text)) return;
    if (this.#warnings.length < mostWarnings) this.#warnings.push(text);
    else this.#warnings[mostWarnings] = "More could not be read than is said here";
  }

  contents(): DropletContents {
    if (this.#tooManyPackages) this.warn(`Only the first ${mostPackages} packages are listed`);
    const settings = this.#settings.read((text) => this.warn(text));
    return {
      files: this.#files,
      packages: this.#packages.all(),
      ...settings,
      warnings: this.#warnings,
    };
  }

  visit(entry: ReadEntry): EntryVisitor {
    const path = entry.path.replace(/^(?:\.?\/)+/, "");
    if (entry.type.endsWith("Link")) {
      return {
        end: () => {
          const linkTarget = entry.linkpath ?? "";
          this.#files.set(path, { size: 0, isExecutable: false, sha256: undefined, linkTarget });
        },
      };
    }
    if (!entry.type.endsWith("File")) return { end: () => undefined };
    return this.#visitFile(path, entry);
  }

  #visitFile(path: string, entry: ReadEntry): EntryVisitor {
    const { size } = entry;
    for (const reader of nameReaders) {
      if (reader.files.test(path)) for (const found of reader.read(path)) this.#add(found, path);
    }
    const isExecutable = ((entry.mode ?? 0) & 0o111) !== 0;
    const digest = createHash("sha256");
    const kept = this.#isKept(path, size) ? new Array<Buffer>() : undefined;
    const scan = isExecutable ? new GoBuildInfoScan() : undefined;
    return {
      data: (chunk) => {
        digest.update(chunk);
        kept?.push(chunk);
        scan?.push(chunk);
      },
      end: () => {
        const sha256 = digest.digest("hex");
        this.#files.set(path, { size, isExecutable, sha256, linkTarget: undefined });
        const binary = scan?.result();
        if (binary !== undefined) {
          for (const found of modulesOfBinary(binary.goVersion, binary.modules)) {
            this.#add(found, path);
          }
        }
        return kept === undefined ? undefined : this.#read(path, Buffer.concat(kept));
      },
    };
  }

  /** Whether the content is wanted whole; of what is too large for that, it is said. */
  #isKept(path: string, size: number): boolean {
    const limits = readers.filter(({ files }) => files.test(path)).map((it) => it.mostBytes);
    if (isSettingsFile(path)) limits.push(settingsBytes);
    if (limits.length === 0) return false;
    const most = Math.max(...limits);
    if (size > most) {
      this.warn(`${path} has ${formatBytes(size)}, more than ${formatBytes(most)}: not read`);
    }
    return size <= most;
  }

  async #read(path: string, content: Buffer): Promise<void> {
    try {
      if (isSettingsFile(path)) this.#settings.add(path, content.toString("utf8"));
      for (const reader of readers) {
        if (!reader.files.test(path)) continue;
        for (const found of await reader.read(content, path)) this.#add(found, path);
      }
    } catch (error) {
      this.warn(`${path} cannot be read: ${reasonOf(error)}`);
    }
  }

  #add(found: FoundPackage, path: string): void {
    if (this.#packages.size < mostPackages) this.#packages.add(found, path);
    else this.#tooManyPackages = true;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return "its form is not known";
  if (error instanceof SyntaxError) return "it is not valid JSON";
  return error instanceof Error ? error.message : String(error);
}
