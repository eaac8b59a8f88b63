import {
  lockFileBytes,
  splitName,
  type FoundPackage,
  type PackageReader,
} from "./found-package.ts";

/** What go.mod requires; go.sum also lists what only the choice of versions looked at, and is not read. */
export const goMod: PackageReader = {
  files: /(?:^|\/)go\.mod$/,
  mostBytes: lockFileBytes,
  read(content) {
    const found: FoundPackage[] = [];
    let isInside = false;
    for (const raw of content.toString("utf8").split("\n")) {
      const line = raw.replace(/\/\/.*$/, "").trim();
      if (/^require\s*\($/.test(line)) isInside = true;
      else if (line === ")") isInside = false;
      const match = (isInside ? /^(\S+)\s+(v\S+)$/ : /^require\s+(\S+)\s+(v\S+)$/).exec(line);
      const [, path, version] = match ?? [];
      if (path !== undefined && version !== undefined) {
        found.push(goModule(path, version, "locked"));
      }
    }
    return found;
  },
};

/**
 * The modules of a binary, from the text that the Go linker puts into it (`debug/buildinfo`): lines of `mod`, `dep` and `=>` with
 * tabs between, the last of which replaces the one before it.
 */
export function modulesOfBinary(goVersion: string, lines: string): FoundPackage[] {
  const found: FoundPackage[] = [];
  const plain = /^go(\d\S*)/.exec(goVersion)?.[1];
  if (plain !== undefined) found.push(goModule("stdlib", plain, "installed"));
  for (const line of lines.split("\n")) {
    const [kind, path, version] = line.split("\t");
    if (path === undefined || version === undefined || version === "(devel)") continue;
    if (kind === "=>") found.pop();
    if (kind === "dep" || kind === "=>") found.push(goModule(path, version, "installed"));
  }
  return found;
}

function goModule(path: string, version: string, evidence: FoundPackage["evidence"]): FoundPackage {
  return { ecosystem: "golang", ...splitName(path), version, evidence };
}
