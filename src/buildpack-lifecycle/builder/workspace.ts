import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { BuilderFlags } from "./flags.ts";
import { failedWhile } from "./staging-failure.ts";
import { xxhash64 } from "./xxhash64.ts";

/** The folders of one staging. `contentsDir` becomes the root of the droplet. */
export interface Workspace {
  readonly contentsDir: string;
  readonly depsDir: string;
  readonly profileDir: string;
  readonly finalCacheDir: string;
}

/** The buildpacks before the last one; none in detection, where a single buildpack runs. */
export function supplyBuildpacks(flags: BuilderFlags): readonly string[] {
  return flags.skipDetect ? flags.buildpackOrder.slice(0, -1) : [];
}

/** The name of a buildpack's folder below deps: `0`..`9`, or two digits when there are ten buildpacks or more. */
export function depsIndex(flags: BuilderFlags, index: number): string {
  const count = supplyBuildpacks(flags).length + 1;
  return String(index).padStart(String(count).length, "0");
}

export function supplyCacheDir(flags: BuilderFlags, key: string): string {
  return path.join(flags.buildArtifactsCacheDir, xxhash64(key));
}

export function createWorkspace(flags: BuilderFlags): Workspace {
  try {
    const finalCacheDir = path.join(flags.buildArtifactsCacheDir, "final");
    const suppliers = supplyBuildpacks(flags);
    for (const directory of [
      path.dirname(flags.outputDroplet),
      path.dirname(flags.outputMetadata),
      path.dirname(flags.outputBuildArtifactsCache),
      finalCacheDir,
      ...suppliers.map((key) => supplyCacheDir(flags, key)),
    ]) {
      mkdirSync(directory, { recursive: true });
    }
    const contentsDir = contentsOfBefore(flags) ?? mkdtempSync(path.join(os.tmpdir(), "contents"));
    // The droplet's `./` entry gets this mode and is applied to the app's home at run time: with the 0700 of mkdtemp
    // no other user of the container could look into it.
    chmodSync(contentsDir, 0o755);
    const depsDir = path.join(contentsDir, "deps");
    for (let index = 0; index <= suppliers.length; index += 1) {
      mkdirSync(path.join(depsDir, depsIndex(flags, index)), { recursive: true });
    }
    const profileDir = path.join(contentsDir, "profile.d");
    mkdirSync(profileDir, { recursive: true });
    return { contentsDir, depsDir, profileDir, finalCacheDir };
  } catch (error) {
    throw failedWhile("Failed to set up filesystem when generating droplet", error);
  }
}

/** Scripts have written the path of their folder into what they left, so a staging that goes on uses the same. */
function contentsOfBefore({ resumeFrom }: BuilderFlags): string | undefined {
  if (resumeFrom === "") return undefined;
  const name = readdirSync(os.tmpdir()).find(
    (each) => /^contents\w{6}$/.test(each) && existsSync(path.join(os.tmpdir(), each, "deps")),
  );
  if (name === undefined) throw new Error(`nothing is there to go on from ${resumeFrom} with`);
  return path.join(os.tmpdir(), name);
}

/** Drops what earlier stagings cached for buildpacks that this one does not run. */
export function cleanCache(flags: BuilderFlags): void {
  const needed = new Set(["final", ...supplyBuildpacks(flags).map((key) => xxhash64(key))]);
  for (const name of readdirSync(flags.buildArtifactsCacheDir)) {
    if (!needed.has(name)) {
      rmSync(path.join(flags.buildArtifactsCacheDir, name), { recursive: true, force: true });
    }
  }
}
