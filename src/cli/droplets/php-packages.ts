import { z } from "zod";
import {
  lockFileBytes,
  splitName,
  type FoundPackage,
  type PackageReader,
} from "./found-package.ts";

const packagesSchema = z.array(z.object({ name: z.string().min(1), version: z.string().min(1) }));

/** What Composer has laid down; its first major version wrote the list alone. */
export const installedPhpPackages: PackageReader = {
  files: /(?:^|\/)composer\/installed\.json$/,
  mostBytes: lockFileBytes,
  read(content) {
    const schema = z.union([packagesSchema, z.object({ packages: packagesSchema })]);
    const installed = schema.parse(JSON.parse(content.toString("utf8")));
    const packages = Array.isArray(installed) ? installed : installed.packages;
    return packages.map((each) => phpPackage(each, "installed"));
  },
};

export const composerLock: PackageReader = {
  files: /(?:^|\/)composer\.lock$/,
  mostBytes: lockFileBytes,
  read(content) {
    const schema = z.object({ packages: packagesSchema });
    const { packages } = schema.parse(JSON.parse(content.toString("utf8")));
    return packages.map((each) => phpPackage(each, "locked"));
  },
};

function phpPackage(
  { name, version }: z.infer<typeof packagesSchema>[number],
  evidence: FoundPackage["evidence"],
): FoundPackage {
  return { ecosystem: "composer", ...splitName(name.toLowerCase()), version, evidence };
}
