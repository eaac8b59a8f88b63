import {
  lockFileBytes,
  type FoundPackage,
  type NameReader,
  type PackageReader,
} from "./found-package.ts";

/** Installed gems, by the name of their specification. Those of `default/` are parts of Ruby itself. */
export const installedGems: NameReader = {
  files: /(?:^|\/)specifications\/[^/]+\.gemspec$/,
  read(path) {
    const match = /\/([^/]+?)-(\d[^/-]*)(?:-[^/]+)?\.gemspec$/.exec(path);
    const [, name, version] = match ?? [];
    return name === undefined ? [] : [gem(name, version, "installed")];
  },
};

export const gemfileLock: PackageReader = {
  files: /(?:^|\/)(?:Gemfile|gems)\.(?:lock|locked)$/,
  mostBytes: lockFileBytes,
  read(content) {
    const found: FoundPackage[] = [];
    let section = "";
    for (const line of content.toString("utf8").split("\n")) {
      section = /^[A-Z ]+$/.exec(line.trimEnd())?.[0] ?? section;
      if (!["GEM", "GIT", "PATH"].includes(section)) continue;
      // Versions of other platforms repeat the gem: `nokogiri (1.16.0-x86_64-linux)`.
      const match = /^ {4}(\S+) \((\d[^-)]*)(?:-[^)]*)?\)\s*$/.exec(line);
      const [, name, version] = match ?? [];
      if (name === undefined) continue;
      found.push(gem(name, version, section === "PATH" ? "in-tree" : "locked"));
    }
    return found;
  },
};

function gem(
  name: string,
  version: string | undefined,
  evidence: FoundPackage["evidence"],
): FoundPackage {
  return { ecosystem: "gem", namespace: undefined, name, version, evidence };
}
