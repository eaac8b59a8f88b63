import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { BuilderFlags } from "./flags.ts";
import type { Staging } from "./staging.ts";
import { xxhash64 } from "./xxhash64.ts";

export type FoundBuildpack =
  | { readonly kind: "found"; readonly directory: string }
  | { readonly kind: "malformed"; readonly message: string };

/** A key with a scheme is the URL of a custom buildpack, which the builder fetches itself. */
export function isCustomBuildpack(key: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(key);
}

/** Whether the builder need not fetch it: it was laid out, or a staging that goes on has fetched it before. */
export function isAtHand(staging: Pick<Staging, "flags" | "nameOf">, key: string): boolean {
  if (isLaidOut(staging.flags, key)) return true;
  return staging.flags.resumeFrom !== "" && findBuildpack(staging, key).kind === "found";
}

export function downloadDirectory(flags: BuilderFlags, key: string): string {
  return path.join(baseDirectory(flags, key), xxhash64(key));
}

/** The folder that holds the buildpack's `bin`: named by xxHash64 of the key, by MD5 in older cells, and perhaps
 * one level down, as in archives of a repository. */
export function findBuildpack(
  { flags, nameOf }: Pick<Staging, "flags" | "nameOf">,
  key: string,
): FoundBuildpack {
  const current = downloadDirectory(flags, key);
  const legacy = path.join(baseDirectory(flags, key), createHash("md5").update(key).digest("hex"));
  for (const directory of [current, legacy]) {
    if (hasBin(directory)) return { kind: "found", directory };
  }
  for (const directory of [current, legacy]) {
    const [name, ...others] = entriesOf(directory);
    if (name === undefined) continue;
    const nested = path.join(directory, name);
    if (others.length === 0 && hasBin(nested)) return { kind: "found", directory: nested };
    return {
      kind: "malformed",
      message: `malformed buildpack does not contain a /bin dir: ${nameOf(key)}`,
    };
  }
  return {
    kind: "malformed",
    message: `Failed to read buildpack directory '${current}' for buildpack '${nameOf(key)}'`,
  };
}

function baseDirectory(flags: BuilderFlags, key: string): string {
  const isFetched = isCustomBuildpack(key) && !isLaidOut(flags, key);
  return isFetched ? flags.buildpacksDownloadDir : flags.buildpacksDir;
}

/** A folder of a developer's may stand in for a buildpack, also for one with a URL. */
function isLaidOut(flags: BuilderFlags, key: string): boolean {
  return existsSync(path.join(flags.buildpacksDir, xxhash64(key)));
}

function hasBin(directory: string): boolean {
  return existsSync(path.join(directory, "bin"));
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // Absent and empty folders both hold no buildpack.
  }
}
