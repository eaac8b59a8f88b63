import { existsSync, mkdirSync, renameSync } from "node:fs";
import { statfs } from "node:fs/promises";
import path from "node:path";
import { runChecked } from "#kernel/process/run-command.ts";
import type { DiskMeter } from "../supervised/disk-usage.ts";

const mebibyte = 1024 ** 2;
/** Inodes, journal and bitmaps of a file system, which are not the container's to fill. */
const overheadBytes = 72 * mebibyte;
/** Garden's limit. */
const inodes = 200_000;

/**
 * File systems in files, made once for each power of two: a container gets a copy of the next larger one
 * (`container-disk.pl`), which takes no time, and a limit that the kernel keeps to the byte. Deleting one is removing a file,
 * however many a tenant has made in it.
 */
export class ContainerDisks {
  readonly #folder: string;
  readonly #making = new Map<string, Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Path of a file system with room for so many bytes. */
  async template(bytes: number): Promise<string> {
    const megabytes = 2 ** Math.ceil(Math.log2((bytes + overheadBytes) / mebibyte));
    const file = path.join(this.#folder, `${megabytes}M.img`);
    if (existsSync(file)) return file;
    const making = this.#making.get(file) ?? make(file, megabytes);
    this.#making.set(file, making);
    await making.finally(() => this.#making.delete(file));
    return file;
  }
}

// Nothing is written ahead (lazy), so a template of any size takes some 100 KB.
const lazy = "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0";

async function make(file: string, megabytes: number): Promise<void> {
  const unfinished = `${file}.new`;
  const features = "^resize_inode,^metadata_csum,uninit_bg";
  const kind = ["-t", "ext4", "-b", "4096", "-m", "0", "-N", String(inodes), "-J", "size=4"];
  const options = ["-q", "-F", ...kind, "-O", features, "-E", lazy];
  await runChecked("mke2fs", [...options, unfinished, `${megabytes}M`]);
  renameSync(unfinished, file);
}

/**
 * What a container has written, asked of its file system. By the first process's root, since a cell that has come back
 * does not see mounts of the run before; no path of the tenant is followed.
 */
export class DiskOfContainer implements DiskMeter {
  readonly #root: string;
  readonly #limitBytes: number;
  readonly #layerBytes: number;

  constructor(options: {
    readonly pid: number;
    readonly limitBytes: number;
    readonly layerBytes: number;
  }) {
    this.#root = `/proc/${options.pid}/root`;
    this.#limitBytes = options.limitBytes;
    this.#layerBytes = options.layerBytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  async bytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#root);
    return Math.max(0, this.#limitBytes - bavail * bsize - this.#layerBytes);
  }
}
