import { z } from "zod";
import {
  lockFileBytes,
  splitName,
  type FoundPackage,
  type PackageReader,
} from "./found-package.ts";

const manifestSchema = z.object({ name: z.string().min(1), version: z.string().min(1) });

/** What npm, yarn and pnpm alike have laid down. */
export const installedNodePackages: PackageReader = {
  files: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/,
  mostBytes: 1024 * 1024,
  read(content) {
    // Folders inside packages hold manifests without a version, such as {"type": "module"}.
    const { data } = manifestSchema.safeParse(JSON.parse(content.toString("utf8")));
    if (data === undefined) return [];
    return [nodePackage(data.name, data.version, "installed")];
  },
};

const lockedSchema = z.object({
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  devOptional: z.boolean().optional(),
  peer: z.boolean().optional(),
  name: z.string().optional(),
  version: z.string().optional(),
  link: z.boolean().optional(),
});

interface OldLocked {
  readonly dev?: boolean | undefined;
  readonly optional?: boolean | undefined;
  readonly version?: string | undefined;
  readonly dependencies?: Readonly<Record<string, OldLocked>> | undefined;
}

const oldLockedSchema: z.ZodType<OldLocked> = z.object({
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  version: z.string().optional(),
  dependencies: z
    .record(
      z.string(),
      z.lazy(() => oldLockedSchema),
    )
    .optional(),
});

const packageLockSchema = z.object({
  packages: z.record(z.string(), lockedSchema).optional(),
  dependencies: z.record(z.string(), oldLockedSchema).optional(),
});

export const packageLock: PackageReader = {
  files: /(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/,
  mostBytes: lockFileBytes,
  read(content) {
    const lock = packageLockSchema.parse(JSON.parse(content.toString("utf8")));
    if (lock.packages === undefined) return [...oldLocked(lock.dependencies)];
    return Object.entries(lock.packages).flatMap(([folder, entry]) => {
      const name = entry.name ?? folder.split("node_modules/").at(-1) ?? "";
      const { version } = entry;
      if (!folder.includes("node_modules/") || entry.link === true || isExtra(entry)) return [];
      return version === undefined ? [] : [nodePackage(name, version, "locked")];
    });
  },
};

/** Versions before npm 7 nest what each package has for itself. */
function* oldLocked(dependencies: OldLocked["dependencies"]): Generator<FoundPackage> {
  for (const [name, entry] of Object.entries(dependencies ?? {})) {
    if (isExtra(entry)) continue;
    if (entry.version !== undefined) yield nodePackage(name, entry.version, "locked");
    yield* oldLocked(entry.dependencies);
  }
}

function isExtra({ dev, optional, devOptional, peer }: z.infer<typeof lockedSchema>): boolean {
  return [dev, optional, devOptional, peer].includes(true);
}

/** Both the form of yarn 1 and the YAML of later ones: a line that names descriptors, and below it the version. */
export const yarnLock: PackageReader = {
  files: /(?:^|\/)yarn\.lock$/,
  mostBytes: lockFileBytes,
  read(content) {
    const found: FoundPackage[] = [];
    let name: string | undefined;
    for (const line of content.toString("utf8").split("\n")) {
      const head = /^"?((?:@[^/@\s"]+\/)?[^@\s"#]+)@(\S.*):\s*$/.exec(line);
      if (head !== null) name = head[2]?.startsWith("workspace:") ? undefined : head[1];
      const version = /^ {2}version:? "?([^"\s]+)"?\s*$/.exec(line)?.[1];
      if (name === undefined || version === undefined) continue;
      found.push(nodePackage(name, version, "locked"));
      name = undefined;
    }
    return found;
  },
};

/** The keys below `packages:`, in the forms of pnpm 5 (`/name/1.0.0`), 6 (`/name@1.0.0`) and 9 (`name@1.0.0`). */
export const pnpmLock: PackageReader = {
  files: /(?:^|\/)pnpm-lock\.yaml$/,
  mostBytes: lockFileBytes,
  read(content) {
    const found: FoundPackage[] = [];
    let isInside = false;
    let last: FoundPackage | undefined;
    for (const line of content.toString("utf8").split("\n")) {
      if (/^\S/.test(line)) isInside = line.startsWith("packages:");
      if (!isInside) continue;
      const key = /^ {2}(?:'([^']+)'|([^\s'].*)):\s*$/.exec(line);
      if (key !== null) {
        last = pnpmKey(key[1] ?? key[2] ?? "");
        if (last !== undefined) found.push(last);
      } else if (last !== undefined && /^ {4}(?:dev|optional): true\s*$/.test(line)) {
        found.pop();
        last = undefined;
      }
    }
    return found;
  },
};

function pnpmKey(key: string): FoundPackage | undefined {
  const plain = key.replace(/^\//, "").replace(/\(.*$/, "");
  const match =
    /^((?:@[^/@]+\/)?[^/@]+)\/(\d[^/_]*)(?:_.*)?$/.exec(plain) ??
    /^(@?[^@]+)@(\d[^@_]*)(?:_.*)?$/.exec(plain);
  const [, name, version] = match ?? [];
  return name === undefined || version === undefined
    ? undefined
    : nodePackage(name, version, "locked");
}

function nodePackage(
  whole: string,
  version: string,
  evidence: FoundPackage["evidence"],
): FoundPackage {
  return { ecosystem: "npm", ...splitName(whole), version, evidence };
}
