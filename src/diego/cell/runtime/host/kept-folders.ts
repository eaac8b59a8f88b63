import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { randomGuids } from "#kernel/guid.ts";

/** What is made once and then taken by its name alone: layers and binds, the stacks' skeletons, empty disks. */
const keptFolders = ["unpacked", "skeletons", "disks"];

/**
 * Puts what an earlier run of the machine left in these folders into `trash`. None of it waits for the disk when it is made,
 * which would take longer than to make it; so after a power cut a folder may have its name and no content. Containers do not
 * outlive the machine's run, so nobody uses it.
 */
export function distrustEarlierBoot(dataDir: string, bootId: string): void {
  const file = path.join(dataDir, "boot-id");
  if (existsSync(file) && readFileSync(file, "utf8") === bootId) return;
  // The release before this one wrote no such file, and its containers may live.
  if (existsSync(file)) {
    const trash = path.join(dataDir, "trash");
    mkdirSync(trash, { recursive: true, mode: 0o711 });
    for (const name of keptFolders) {
      const folder = path.join(dataDir, name);
      if (existsSync(folder)) renameSync(folder, path.join(trash, randomGuids()));
    }
  }
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file, bootId, { flush: true });
}
