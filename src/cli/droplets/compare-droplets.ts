import { totalBytes, type DropletContents, type DropletFile } from "./droplet-contents.ts";
import { fullName } from "./found-package.ts";

/** What has become of one thing of that name; a side is undefined where the thing is not there. */
export interface Change<T> {
  readonly name: string;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

export interface DropletDiff {
  readonly files: {
    readonly count: readonly [before: number, after: number];
    readonly bytes: readonly [before: number, after: number];
    readonly changes: readonly Change<DropletFile>[];
  };
  readonly buildpacks: readonly Change<string>[];
  /** Versions, several with commas between, by ecosystem and name. */
  readonly packages: readonly Change<string>[];
  readonly commands: readonly Change<string>[];
  readonly environment: readonly Change<string>[];
}

/** What differs between two droplets, each part sorted by name. */
export function compareDroplets(before: DropletContents, after: DropletContents): DropletDiff {
  return {
    files: {
      count: [before.files.size, after.files.size],
      bytes: [totalBytes(before.files.values()), totalBytes(after.files.values())],
      changes: changes(before.files, after.files, isSameFile),
    },
    buildpacks: changes(versionsOfBuildpacks(before), versionsOfBuildpacks(after)),
    packages: changes(versionsOfPackages(before), versionsOfPackages(after)),
    commands: changes(commandsOf(before), commandsOf(after)),
    environment: changes(exportsOf(before), exportsOf(after)),
  };
}

export function isSame({ files, ...others }: DropletDiff): boolean {
  return [files.changes, ...Object.values(others)].every((part) => part.length === 0);
}

function commandsOf({ commands, sidecars }: DropletContents): ReadonlyMap<string, string> {
  const beside = sidecars.map(({ name, command, processTypes, memoryInMb }) => {
    const memory = memoryInMb === null ? "" : `, ${memoryInMb}M`;
    return [`${name} (sidecar of ${processTypes.join(", ")}${memory})`, command] as const;
  });
  return new Map([...commands, ...beside]);
}

function changes<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  isEqual: (one: T, other: T) => boolean = (one, other) => one === other,
): Change<T>[] {
  const found: Change<T>[] = [];
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined || !isEqual(old, now)) found.push({ name, before: old, after: now });
  }
  for (const [name, now] of after) {
    if (!before.has(name)) found.push({ name, before: undefined, after: now });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isSameFile(one: DropletFile, other: DropletFile): boolean {
  return (
    one.sha256 === other.sha256 &&
    one.linkTarget === other.linkTarget &&
    one.isExecutable === other.isExecutable
  );
}

function versionsOfBuildpacks({ buildpacks }: DropletContents): Map<string, string> {
  return joined(
    buildpacks.map(({ name, version }) => [name, version ?? unknownVersion]),
    ", ",
  );
}

function versionsOfPackages({ packages }: DropletContents): Map<string, string> {
  return joined(
    packages.map((found) => [
      `${found.ecosystem} ${fullName(found)}`,
      found.version ?? unknownVersion,
    ]),
    ", ",
  );
}

function exportsOf({ environment }: DropletContents): Map<string, string> {
  return new Map([...environment].map(([name, values]) => [name, values.join("; ")]));
}

const unknownVersion = "(no version)";

function joined(pairs: readonly (readonly [string, string])[], between: string) {
  const texts = new Map<string, string[]>();
  for (const [name, text] of pairs) {
    const known = texts.get(name);
    if (known === undefined) texts.set(name, [text]);
    else known.push(text);
  }
  return new Map([...texts].map(([name, each]) => [name, each.join(between)]));
}
