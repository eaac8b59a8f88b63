import path from "node:path";
import { printError } from "./output.ts";
import { mergeProcesses, parseLaunchYaml, processTypes, type LaunchProcess } from "./processes.ts";
import { parseProcfile } from "./procfile.ts";
import { readFileIfPresent } from "./read-file.ts";
import { parseRelease } from "./release.ts";
import { captureScript } from "./run-script.ts";
import { outcomeOfScript, type FinalBuildpack, type Staging } from "./staging.ts";
import { shownKey } from "./shown-url.ts";
import { exitStatus, failedWhile, StagingFailure } from "./staging-failure.ts";
import { depsIndex, supplyBuildpacks } from "./workspace.ts";

/**
 * The droplet's processes: each supplier's launch.yml in order, then the last buildpack's launch.yml or, without one,
 * what its bin/release says, then the app's own Procfile. Later ones win.
 */
export function collectProcesses(staging: Staging, buildpack: FinalBuildpack): LaunchProcess[] {
  const suppliers = supplyBuildpacks(staging.flags).length;
  let processes: LaunchProcess[] = [];
  for (let index = 0; index < suppliers; index += 1) {
    processes = mergeProcesses(processes, launchYaml(staging, index) ?? []);
  }
  const own = launchYaml(staging, suppliers) ?? releaseProcesses(staging, buildpack);
  processes = mergeProcesses(processes, own);
  return mergeProcesses(processes, procfileProcesses(staging));
}

// Cloud Foundry looks for launch.yml by unpadded index and, in detection, by the number of candidates, and so overlooks
// some; here every buildpack's is honoured.
function launchYaml(staging: Staging, index: number): readonly LaunchProcess[] | undefined {
  const name = path.join(depsIndex(staging.flags, index), "launch.yml");
  const failed = `Failed to read deps/${name}`;
  let source: string | undefined;
  try {
    source = readFileIfPresent(path.join(staging.workspace.depsDir, name));
  } catch (error) {
    throw failedWhile(failed, error);
  }
  if (source === undefined) return undefined;
  const launch = parseLaunchYaml(source);
  if (launch.kind === "processes") return launch.processes;
  throw new StagingFailure(exitStatus.general, `${failed}: ${launch.problem}`);
}

const tooLong = { kind: "invalid", problem: "it is longer than a megabyte" } as const;

function releaseProcesses(staging: Staging, buildpack: FinalBuildpack): LaunchProcess[] {
  const releaseFailed = "Failed to build droplet release";
  const script = path.join(buildpack.directory, "bin", "release");
  const args = [staging.flags.buildDir];
  const { end, stdout, isWhole } = staging.trace.record(
    { phase: "release", buildpack: shownKey(buildpack.key), command: [script, ...args] },
    () => captureScript(script, args, staging.env),
    (captured) => outcomeOfScript(captured.end),
  );
  if (end.kind === "failed") {
    throw new StagingFailure(exitStatus.release, `${releaseFailed}: ${end.reason}`);
  }
  const release = isWhole ? parseRelease(stdout) : tooLong;
  if (release.kind === "processes") return processTypes(release.commands);
  throw new StagingFailure(
    exitStatus.release,
    `${releaseFailed}: buildpack's release output invalid: ${release.problem}`,
  );
}

function procfileProcesses(staging: Staging): LaunchProcess[] {
  const failed = "Failed to read command from Procfile";
  let source: string | undefined;
  try {
    source = readFileIfPresent(path.join(staging.flags.buildDir, "Procfile"));
  } catch (error) {
    throw failedWhile(failed, error);
  }
  const procfile = parseProcfile(source ?? "");
  if (procfile.kind === "processes") return processTypes(procfile.commands);
  const reason = `Procfile: ${procfile.problem}`;
  printError(reason);
  throw new StagingFailure(exitStatus.general, `${failed}: invalid YAML`, reason);
}
