import { mkdir, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";

/** Directories in which uploads are received, each its own. What a killed process left is swept at the next start. */
export class UploadWorkspaces {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = path.join(directory, "uploads");
  }

  async sweep(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory, { recursive: true });
  }

  /** Who asks for one removes it. */
  async create(): Promise<string> {
    return await mkdtemp(path.join(this.#directory, "upload-"));
  }
}
