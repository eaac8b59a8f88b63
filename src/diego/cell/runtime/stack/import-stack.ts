import { existsSync, lstatSync } from "node:fs";
import path from "node:path";
import { Spawner } from "#kernel/process/spawner.ts";
import { extractRootfs } from "../archive/extract.ts";
import { namePattern, replaceFolder } from "./replace-folder.ts";
import { findUser, readPasswd, vcapId } from "./users.ts";

export class StackImportError extends Error {
  override readonly name = "StackImportError";
}

/**
 * Unpacks a root file system (a tar or tgz: the rootfs file of a cflinuxfs4 release, for one) as `dataDir/NAME`, in
 * place of an earlier stack of that name, and gives that folder, for the runtime's `stacks`. Needs root, for the owners
 * of its files. Not while a cell runs containers of the stack it replaces.
 * @throws StackImportError where the name or the content cannot be a stack; UnsafeArchive.
 */
export async function importStack(options: {
  readonly dataDir: string;
  readonly name: string;
  readonly tarball: string;
}): Promise<string> {
  const { name, tarball } = options;
  const refuse = (reason: string) =>
    new StackImportError(`Cannot import stack "${name}": ${reason}`);
  if (!namePattern.test(name)) throw refuse(`a name must match ${namePattern.source}`);
  if (!existsSync(tarball)) throw refuse(`there is no file "${tarball}"`);
  if (process.getuid?.() !== 0) throw refuse("the owners of its files need root: use sudo");
  return await replaceFolder(options, async (unfinished) => {
    await using spawner = new Spawner();
    await extractRootfs({ spawner, archive: tarball, into: unfinished });
    const problem = problemOf(unfinished);
    if (problem !== undefined) throw refuse(problem);
    return unfinished;
  });
}

function problemOf(rootfs: string): string | undefined {
  for (const program of ["sh", "bash"]) {
    if (!["bin", "usr/bin"].some((bin) => exists(path.join(rootfs, bin, program)))) {
      return `it has no /bin/${program}`;
    }
  }
  // We read this file from outside, so no link may lead elsewhere on the host.
  const hasEtc = lstatSync(path.join(rootfs, "etc"), { throwIfNoEntry: false })?.isDirectory();
  const passwd = lstatSync(path.join(rootfs, "etc/passwd"), { throwIfNoEntry: false });
  if (hasEtc !== true || passwd?.isFile() !== true) return "it has no /etc/passwd";
  if (findUser(readPasswd(rootfs), "vcap")?.uid !== vcapId) {
    return `its /etc/passwd has no user vcap with id ${vcapId}`;
  }
  return undefined;
}

/** Not `existsSync`, which follows links: those of a root file system are meant for within it. */
function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
