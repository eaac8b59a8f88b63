import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { ReceivedFile } from "./blob-server.ts";
import type { PackedFile } from "./packed-folders.ts";
import { guidOf } from "./workbench-app.ts";

/** What stagings leave for the next one of the same app and stack, each in a folder of its own, named by its checksum. */
export class BuildCaches {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async find(app: {
    readonly source: string;
    readonly stack: string;
  }): Promise<PackedFile | undefined> {
    const folder = this.#folder(app);
    const names = await readdir(folder).catch(() => []);
    const name = names.find((each) => each.endsWith(suffix));
    if (name === undefined) return undefined;
    return { path: path.join(folder, name), sha256: name.slice(0, -suffix.length) };
  }

  /** Takes the file away from where it is. */
  async keep(
    app: { readonly source: string; readonly stack: string },
    received: ReceivedFile,
  ): Promise<void> {
    const folder = this.#folder(app);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = `${received.sha256}${suffix}`;
    await rename(received.path, path.join(folder, name));
    for (const other of await readdir(folder)) {
      if (other !== name) await rm(path.join(folder, other), { force: true });
    }
  }

  #folder({ source, stack }: { readonly source: string; readonly stack: string }): string {
    return path.join(this.#directory, guidOf(`build cache ${stack} ${source}`));
  }
}

const suffix = ".tgz";
