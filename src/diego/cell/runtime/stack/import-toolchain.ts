import { chmodSync, existsSync, lstatSync, readdirSync } from "node:fs";
import path from "node:path";
import { Spawner } from "#kernel/process/spawner.ts";
import { extractArchive } from "../archive/extract.ts";
import { namePattern, replaceFolder } from "./replace-folder.ts";

export class ToolchainImportError extends Error {
  override readonly name = "ToolchainImportError";
}

/**
 * Unpacks a toolchain (a tgz, tar or zip with a folder `bin`, as a JDK's or Go's archive is, at its root or below one
 * folder) as `dataDir/NAME`, in place of an earlier one of that name, and gives that folder, for the runtime's
 * `toolchains`. Not while a cell runs containers that have the one it replaces.
 * @throws ToolchainImportError where the name or the content cannot be a toolchain; UnsafeArchive.
 */
export async function importToolchain(options: {
  readonly dataDir: string;
  readonly name: string;
  readonly archive: string;
}): Promise<string> {
  const { name, archive } = options;
  const refuse = (reason: string) =>
    new ToolchainImportError(`Cannot import toolchain "${name}": ${reason}`);
  if (!namePattern.test(name)) throw refuse(`a name must match ${namePattern.source}`);
  if (!existsSync(archive)) throw refuse(`there is no file "${archive}"`);
  const owner = process.getuid?.() ?? 0;
  return await replaceFolder(options, async (unfinished) => {
    await using spawner = new Spawner();
    await extractArchive({ spawner, archive, into: unfinished, below: "/", owner });
    const found = [unfinished, ...onlyFolder(unfinished)].find(hasPrograms);
    if (found === undefined) throw refuse("it has no folder bin");
    // Whatever the archive says of its root: apps are another user.
    chmodSync(found, 0o755);
    return found;
  });
}

function onlyFolder(folder: string): string[] {
  const entries = readdirSync(folder);
  return entries.length === 1 ? entries.map((entry) => path.join(folder, entry)) : [];
}

/** Not where a link leads. */
function hasPrograms(folder: string): boolean {
  const isFolder = (file: string) =>
    lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder(folder) && isFolder(path.join(folder, "bin"));
}
