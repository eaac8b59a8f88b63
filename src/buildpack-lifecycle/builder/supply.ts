import { existsSync } from "node:fs";
import path from "node:path";
import { findBuildpack } from "./find-buildpack.ts";
import { printError } from "./output.ts";
import { runBuildpackScript, type FinalBuildpack, type Staging } from "./staging.ts";
import { exitStatus, StagingFailure } from "./staging-failure.ts";
import { depsIndex, supplyBuildpacks, supplyCacheDir } from "./workspace.ts";

export const supplyFailed = "Failed to run all supply scripts";

/** Runs the supply script of all named buildpacks but the last, and finds the last. Nothing runs if one cannot. */
export function runSuppliers(staging: Staging): FinalBuildpack {
  const { flags, workspace } = staging;
  const suppliers = supplyBuildpacks(flags).map((key) => ({
    key,
    script: supplyScript(staging, key),
  }));
  for (const [index, { key, script }] of suppliers.entries()) {
    const end = runBuildpackScript(staging, {
      phase: "supply",
      key,
      index,
      path: script,
      args: [
        flags.buildDir,
        supplyCacheDir(flags, key),
        workspace.depsDir,
        depsIndex(flags, index),
      ],
    });
    if (end.kind === "failed") {
      throw new StagingFailure(exitStatus.supply, `${supplyFailed}: ${end.reason}`);
    }
  }
  const key = flags.buildpackOrder.at(-1) ?? "";
  return { key, directory: directoryOf(staging, key), detectOutput: "" };
}

function supplyScript(staging: Staging, key: string): string {
  const script = path.join(directoryOf(staging, key), "bin", "supply");
  if (existsSync(script)) return script;
  throw new StagingFailure(
    exitStatus.supply,
    "Error: one of the buildpacks chosen to supply dependencies does not support multi-buildpack apps",
  );
}

function directoryOf(staging: Staging, key: string): string {
  const found = findBuildpack(staging, key);
  if (found.kind === "found") return found.directory;
  printError(found.message);
  throw new StagingFailure(exitStatus.supply, `${supplyFailed}: ${found.message}`);
}
