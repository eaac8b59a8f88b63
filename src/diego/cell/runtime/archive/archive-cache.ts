import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { runCommand } from "#kernel/process/run-command.ts";
import type { Spawner } from "#kernel/process/spawner.ts";
import type { UnpackRequest } from "../container-runtime.ts";
import { vcapId } from "../stack/users.ts";
import { extractArchive } from "./extract.ts";

const keyPattern = /^[a-zA-Z0-9._-]{1,200}$/;
// "Owned by root" is what a container sees of any id that its map leaves out; on the host it need own nothing.
const nobodyId = 65_534;
const ownId = process.getuid?.() ?? 0;

export interface Unpacked {
  /** The folder that stands for the container's `/`, or for a bind's content. */
  readonly root: string;
  readonly bytes: number;
}

/**
 * Archives unpacked once: `unpacked/<key>/root` and `unpacked/<key>/bytes`. A folder with its final name is complete,
 * since only a finished one is renamed to it.
 */
export class ArchiveCache {
  readonly #folder: string;
  readonly #spawner: Spawner;
  readonly #running = new Map<string, Promise<Unpacked>>();

  constructor(folder: string, spawner: Spawner) {
    this.#folder = folder;
    this.#spawner = spawner;
    mkdirSync(folder, { recursive: true, mode: 0o711 });
  }

  async unpack(request: UnpackRequest): Promise<Unpacked> {
    if (!keyPattern.test(request.key) || request.key.startsWith(".")) {
      throw new Error(
        `Cannot unpack under the key "${request.key}": it must match ${keyPattern.source}`,
      );
    }
    const name = `${request.owner}-${request.key}`;
    const known = this.#read(name);
    if (known !== undefined) return known;
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const unpacking = this.#unpackNow(name, request).finally(() => this.#running.delete(name));
    this.#running.set(name, unpacking);
    return unpacking;
  }

  /** Bytes on disk of those of the folders that were unpacked here. */
  bytesOf(roots: readonly string[]): number {
    const ours = roots.filter((root) => path.dirname(path.dirname(root)) === this.#folder);
    return ours.reduce(
      (total, root) => total + (this.#read(path.basename(path.dirname(root)))?.bytes ?? 0),
      0,
    );
  }

  /** Removes all but those with the keys and those that lie in `used`. */
  async prune(keep: ReadonlySet<string>, used: readonly string[]): Promise<void> {
    for (const name of readdirSync(this.#folder)) {
      const folder = path.join(this.#folder, name);
      const key = name.replace(/^(root|vcap)-/, "");
      const isUsed = used.some((file) => file.startsWith(`${folder}/`));
      if (name.startsWith(".") || keep.has(key) || isUsed) continue;
      const trash = path.join(this.#folder, `.old-${name}`);
      renameSync(folder, trash);
      await remove(trash);
    }
  }

  /** Removes what an earlier run of the cell left half done. */
  sweep(): void {
    for (const name of readdirSync(this.#folder)) {
      if (name.startsWith(".")) {
        rmSync(path.join(this.#folder, name), { recursive: true, force: true });
      }
    }
  }

  async #unpackNow(name: string, request: UnpackRequest): Promise<Unpacked> {
    const unfinished = path.join(this.#folder, `.new-${name}`);
    await remove(unfinished);
    const root = path.join(unfinished, "root");
    const into = path.join(root, request.below);
    const owner = ownId === 0 ? (request.owner === "vcap" ? vcapId : nobodyId) : ownId;
    mkdirSync(into, { recursive: true, mode: 0o755 });
    if (ownId === 0) chownSync(into, owner, owner);
    try {
      const bytes = await extractArchive({
        spawner: this.#spawner,
        archive: request.archive,
        into,
        below: request.below,
        owner,
      });
      await this.#finish(request, into, owner);
      writeFileSync(path.join(unfinished, "bytes"), String(bytes));
      renameSync(unfinished, path.join(this.#folder, name));
      return { root: path.join(this.#folder, name, "root"), bytes };
    } catch (error) {
      await remove(unfinished);
      throw error;
    }
  }

  async #finish(request: UnpackRequest, into: string, owner: number): Promise<void> {
    if (request.owner === "root") {
      // A buildpack zipped under a strict umask must still be readable inside, by somebody who is not its owner.
      await this.#spawner.runChecked("chmod", ["-R", "a+rX", "--", into]);
      return;
    }
    if (request.below !== "/home/vcap") return;
    for (const folder of ["app", "tmp", "logs"]) {
      const target = path.join(into, folder);
      // A link of that name counts, wherever it leads.
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) continue;
      mkdirSync(target);
      if (ownId === 0) chownSync(target, owner, owner);
    }
  }

  #read(name: string): Unpacked | undefined {
    const folder = path.join(this.#folder, name);
    try {
      return {
        root: path.join(folder, "root"),
        bytes: Number(readFileSync(path.join(folder, "bytes"), "utf8")),
      };
    } catch {
      return undefined;
    }
  }
}

async function remove(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  // A tenant's tree may be deeper than any path name, which `rm` stands.
  await runCommand("rm", ["-rf", "--one-file-system", "--", folder], { timeoutMs: 600_000 });
}
