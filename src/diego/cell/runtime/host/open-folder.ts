import { chmodSync, mkdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { runChecked } from "#kernel/process/run-command.ts";
import { claimName, isName, removeName, sweepNames } from "./folder-names.ts";
import { hostStateDir, leasedFolders, withHostLock } from "./range-lease.ts";

/**
 * A name of `folder` whose every parent may be entered by anybody, as a container's mapped root must to find its root
 * file system: the folder itself, or a bind of it below `/run/rivera` where a parent is closed (`/root` is). What killed
 * platforms left of such binds goes meanwhile.
 */
export async function openFolder(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const real = realpathSync(folder);
  // The folder itself is ours to open; it can be listed by its owner alone.
  chmodSync(real, statSync(real).mode | 0o011);
  if (isOpen(real)) return real;
  return await withHostLock(async () => {
    await sweepNames(hostStateDir, leasedFolders());
    const name = claimName(real, hostStateDir);
    if (statSync(name).ino !== statSync(real).ino || statSync(name).dev !== statSync(real).dev) {
      await runChecked("mount", ["--bind", real, name], { timeoutMs: 10_000 });
    }
    return name;
  });
}

/** What `openFolder` has given: nobody uses it any more. */
export async function closeFolder(name: string): Promise<void> {
  if (!isName(name, hostStateDir)) return;
  await withHostLock(async () => await removeName(name));
}

function isOpen(folder: string): boolean {
  if ((statSync(folder).mode & 0o001) === 0) return false;
  const parent = path.dirname(folder);
  return parent === folder || isOpen(parent);
}
