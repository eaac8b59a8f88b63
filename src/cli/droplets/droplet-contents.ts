import type { DropletPackage } from "./package-collection.ts";

export interface DropletFile {
  readonly size: number;
  readonly isExecutable: boolean;
  /** Of the content, in hexadecimal; of links, undefined. */
  readonly sha256: string | undefined;
  readonly linkTarget: string | undefined;
}

/** A program that runs beside those of its process types, in their containers. */
export interface DropletSidecar {
  readonly name: string;
  readonly command: string;
  readonly processTypes: readonly string[];
  /** Its part of the process's memory; null: it has none of its own. */
  readonly memoryInMb: number | null;
}

export interface DropletBuildpack {
  readonly name: string;
  readonly version: string | undefined;
}

/** What one archive of a droplet holds. */
export interface DropletContents {
  /** By path, without a leading `./`; directories are not listed. */
  readonly files: ReadonlyMap<string, DropletFile>;
  readonly packages: readonly DropletPackage[];
  /** In the order in which they ran. */
  readonly buildpacks: readonly DropletBuildpack[];
  /** Start commands by process type. */
  readonly commands: ReadonlyMap<string, string>;
  readonly sidecars: readonly DropletSidecar[];
  /** What scripts export before the app starts: the shell's text, once for each script that does. */
  readonly environment: ReadonlyMap<string, readonly string[]>;
  /** What could not be read, and why. */
  readonly warnings: readonly string[];
}

export function totalBytes(files: Iterable<DropletFile>): number {
  let sum = 0;
  for (const { size } of files) sum += size;
  return sum;
}
