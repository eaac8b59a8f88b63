import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { printError } from "./output.ts";
import { runBuildpackScript, type FinalBuildpack, type Staging } from "./staging.ts";
import { exitStatus, StagingFailure } from "./staging-failure.ts";
import { supplyFailed } from "./supply.ts";
import { depsIndex, supplyBuildpacks } from "./workspace.ts";

const finalizeFailed = "Failed to run finalize script";
const compileFailed = "Failed to compile droplet";

/** Runs the last buildpack: supply and finalize, or compile where there is no finalize. */
export function runFinalBuildpack(staging: Staging, buildpack: FinalBuildpack): void {
  const { flags, workspace } = staging;
  const suppliers = supplyBuildpacks(flags).length;
  const index = depsIndex(flags, suppliers);
  const args = [flags.buildDir, workspace.finalCacheDir];
  if (existsSync(scriptPath(buildpack, "finalize"))) {
    const supplyArgs = [...args, workspace.depsDir, index];
    if (existsSync(scriptPath(buildpack, "supply"))) {
      runPhase(staging, buildpack, { phase: "supply", args: supplyArgs, failed: supplyFailed });
    }
    const finalizeArgs = [...supplyArgs, workspace.profileDir];
    runPhase(staging, buildpack, { phase: "finalize", args: finalizeArgs, failed: finalizeFailed });
    return;
  }
  if (suppliers > 0) {
    printError(
      "Warning: the last buildpack is not compatible with multi-buildpack apps and cannot make use of any dependencies supplied by the buildpacks specified before it",
    );
  }
  rmSync(path.join(workspace.depsDir, index), { recursive: true, force: true });
  runPhase(staging, buildpack, { phase: "compile", args, failed: compileFailed });
}

interface FinalPhase {
  readonly phase: "supply" | "finalize" | "compile";
  readonly args: readonly string[];
  readonly failed: string;
}

function runPhase(staging: Staging, buildpack: FinalBuildpack, phase: FinalPhase): void {
  const end = runBuildpackScript(staging, {
    phase: phase.phase,
    key: buildpack.key,
    index: supplyBuildpacks(staging.flags).length,
    path: scriptPath(buildpack, phase.phase),
    args: phase.args,
  });
  // Whatever fails in the last buildpack is a failed compilation to Cloud Controller.
  if (end.kind === "failed") {
    throw new StagingFailure(
      exitStatus.compile,
      `${compileFailed}: ${phase.failed}: ${end.reason}`,
    );
  }
}

function scriptPath(buildpack: FinalBuildpack, name: string): string {
  return path.join(buildpack.directory, "bin", name);
}
