import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "#kernel/clock/clock.ts";

const prefix = "rivera-push-";
/** No push takes this long: the folder is one that a killed client left. */
const abandonedMs = 24 * 60 * 60 * 1_000;

/** A folder of this push below the temporary one; what killed clients of this user left there goes meanwhile. */
export async function packingFolder(
  clock: Clock,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const parent = tmpdir();
  await sweep(parent, clock);
  const folder = await mkdtemp(path.join(parent, prefix));
  return {
    path: folder,
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function sweep(parent: string, clock: Clock): Promise<void> {
  const abandonedSince = clock.now().getTime() - abandonedMs;
  // It need not be readable.
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const folder = path.join(parent, name);
    const stats = await lstat(folder).catch(() => undefined);
    if (stats === undefined || !stats.isDirectory()) continue;
    if (stats.uid !== process.getuid?.() || stats.mtimeMs > abandonedSince) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
