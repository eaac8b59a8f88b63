import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { FreeSpace } from "#blobstore/free-space.ts";

/** Directories in which uploads are received, each its own. What a killed process left and nobody goes on with is swept at the next start. */
export class UploadWorkspaces {
  readonly #directory: string;
  /** On the disk of them all. */
  readonly space: FreeSpace;

  /** @param minimumFreeBytes what uploads must leave free on the disk of `directory`. */
  constructor(directory: string, minimumFreeBytes: number) {
    this.#directory = path.join(directory, "uploads");
    this.space = new FreeSpace(this.#directory, minimumFreeBytes);
  }

  /** `needed` are files of those that go on. */
  async sweep(needed: readonly string[]): Promise<void> {
    const kept = new Set(needed.map((file) => path.dirname(file)));
    for (const workspace of await this.left()) {
      if (!kept.has(workspace)) await rm(workspace, { recursive: true, force: true });
    }
  }

  /** At a start: those of the process before. */
  async left(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true });
    const names = await readdir(this.#directory);
    return names.map((name) => path.join(this.#directory, name));
  }

  /** Who asks for one removes it. */
  async create(): Promise<string> {
    return await mkdtemp(path.join(this.#directory, "upload-"));
  }
}
