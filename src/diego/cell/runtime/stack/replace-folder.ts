import { existsSync, mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import { randomGuids } from "#kernel/guid.ts";
import { runCommand } from "#kernel/process/run-command.ts";

/** What may name a stack or a toolchain. */
export const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/**
 * Makes the folder `dataDir/name`, in place of one that is there: complete or not at all. `fill` fills a new one and gives
 * the folder in it that is to stand there.
 */
export async function replaceFolder(
  { dataDir, name }: { readonly dataDir: string; readonly name: string },
  fill: (unfinished: string) => Promise<string>,
): Promise<string> {
  const unfinished = path.join(dataDir, `.new-${name}-${randomGuids()}`);
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  try {
    const filled = await fill(unfinished);
    const target = path.join(dataDir, name);
    const old = path.join(dataDir, `.old-${name}-${randomGuids()}`);
    if (existsSync(target)) renameSync(target, old);
    renameSync(filled, target);
    await remove(old);
    return target;
  } finally {
    await remove(unfinished);
  }
}

async function remove(folder: string): Promise<void> {
  await runCommand("rm", ["-rf", "--one-file-system", "--", folder], { timeoutMs: 600_000 });
}
