import { existsSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { randomGuids } from "#kernel/guid.ts";
import type { CellHost } from "./cell-host.ts";

/** Folders of ended containers wait in `trash/` for a removal that nobody waits for, since a staging leaves many thousands of files. */
export class Trash {
  readonly #host: CellHost;
  #emptying: Promise<void> = Promise.resolve();

  constructor(host: CellHost) {
    this.#host = host;
  }

  /** Removes what is there, after what is being removed. What could not be removed the next call tries again. */
  empty(): void {
    this.#emptying = this.#emptying
      .then(() => removeAll(this.#host))
      .catch((error: unknown) => this.#host.logger.error("trash-not-emptied", { error }));
  }

  /** Resolves once no removal runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#emptying;
  }
}

/** Puts a container's folder among what is to be removed: from here on its handle is free. */
export function discardFolder(host: CellHost, dir: string): void {
  renameSync(dir, path.join(host.dataDir, "trash", randomGuids()));
}

/**
 * Unmounts and removes what tenants wrote; `rm` stands trees deeper than any path name, follows no link, leaves no file
 * system. Nobody waits for it, least of all the next container: a staging leaves many thousands of files.
 */
async function removeAll({ dataDir, spawner }: CellHost): Promise<void> {
  const folder = path.join(dataDir, "trash");
  const run = async (command: string, ...args: readonly string[]) => {
    await spawner.run(command, args, { timeoutMs: 600_000 });
  };
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    const tree = path.join(folder, name);
    // An ordinary user cannot enter what is closed, though it is its own: overlay's work folder is.
    if (process.getuid?.() !== 0) await run("chmod", "-R", "u+rwX", "--", tree);
    await run("nice", "-n", "19", "sh", "-c", removeScript, "sh", tree);
  }
}

// What an earlier run of the cell mounted, in a mount namespace of its own, is not to be seen here: with the removal of its
// mount point it goes away there.
const removeScript = `umount -l "$1/rootfs" "$1/disk" "$1"/snapshots/*/rootfs 2>/dev/null
exec rm -rf --one-file-system -- "$1"`;
