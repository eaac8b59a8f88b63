import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { FreeSpace } from "#blobstore/free-space.ts";

/** Directories in which uploads are received, each its own. What a killed process left is swept at the next start. */
export class UploadWorkspaces {
  readonly #directory: string;
  /** On the disk of them all. */
  readonly space: FreeSpace;

  /** @param minimumFreeBytes what uploads must leave free on the disk of `directory`. */
  constructor(directory: string, minimumFreeBytes: number) {
    this.#directory = path.join(directory, "uploads");
    this.space = new FreeSpace(this.#directory, minimumFreeBytes);
  }

  /** `needed` are files that a job of the process before is still to take. */
  async sweep(needed: readonly string[]): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const kept = new Set(needed.map((file) => path.dirname(file)));
    for (const name of await readdir(this.#directory)) {
      const workspace = path.join(this.#directory, name);
      if (!kept.has(workspace)) await rm(workspace, { recursive: true, force: true });
    }
  }

  /** Who asks for one removes it. */
  async create(): Promise<string> {
    return await mkdtemp(path.join(this.#directory, "upload-"));
  }
}
