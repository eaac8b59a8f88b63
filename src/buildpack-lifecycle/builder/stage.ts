import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readBuildpackMetadata, type BuildpackMetadata } from "./buildpack-metadata.ts";
import { collectProcesses } from "./collect-processes.ts";
import { fetchCustomBuildpacks } from "./custom-buildpacks.ts";
import { detectBuildpack } from "./detect.ts";
import { runFinalBuildpack } from "./finalize.ts";
import type { BuilderFlags } from "./flags.ts";
import { printError } from "./output.ts";
import { packDroplet } from "./pack-droplet.ts";
import type { LaunchProcess } from "./processes.ts";
import { resultJson, stagingInfo, webCommand } from "./result.ts";
import { ScriptOrder } from "./script-order.ts";
import type { Snapshots } from "./snapshots.ts";
import { exitStatus, StagingFailure } from "./staging-failure.ts";
import type { FinalBuildpack, Staging } from "./staging.ts";
import { runSuppliers } from "./supply.ts";
import { cleanCache, createWorkspace, depsIndex } from "./workspace.ts";

// The cell hands on no more than this of a task's result.
const resultLimitBytes = 51_200;

/** Stages the app in `buildDir` into a droplet. Throws `StagingFailure` when it cannot. */
export async function stage(
  flags: BuilderFlags,
  {
    snapshots,
    ...parts
  }: Pick<Staging, "env" | "trace" | "nameOf"> & { readonly snapshots: Snapshots },
): Promise<void> {
  const scripts = new ScriptOrder({ resumeFrom: flags.resumeFrom, snapshots });
  const staging: Staging = { flags, workspace: createWorkspace(flags), ...parts, scripts };
  await fetchCustomBuildpacks(staging);
  cleanCache(flags);
  const buildpack = flags.skipDetect ? runSuppliers(staging) : detectBuildpack(staging);
  build(staging, buildpack);
  packDroplet(staging);
  // What is left in the workspace goes away with the container.
}

function build(staging: Staging, buildpack: FinalBuildpack): void {
  const { flags, workspace } = staging;
  let processes: LaunchProcess[];
  try {
    runFinalBuildpack(staging, buildpack);
    const missing = staging.scripts.missing();
    if (missing !== undefined) throw new StagingFailure(exitStatus.general, missing);
    processes = collectProcesses(staging, buildpack);
  } catch (error) {
    // A failed build too says which buildpacks it ran, in which versions.
    writeResult(flags, resultJson(metadataOf(staging, buildpack), undefined));
    throw error;
  }
  if (webCommand(processes) === "") {
    printError("No start command specified by buildpack or via Procfile.");
    printError("App will not start unless a command is provided at runtime.");
  }
  const buildpacks = metadataOf(staging, buildpack);
  const stagingInfoFile = path.join(workspace.contentsDir, "staging_info.yml");
  rmSync(stagingInfoFile, { recursive: true, force: true });
  writeFileSync(stagingInfoFile, stagingInfo(buildpacks.at(-1), processes), { flag: "wx" });
  writeResult(flags, resultJson(buildpacks, processes));
}

function metadataOf({ flags, workspace }: Staging, buildpack: FinalBuildpack): BuildpackMetadata[] {
  const keys = flags.skipDetect ? flags.buildpackOrder : [buildpack.key];
  const buildpacks = keys.map((key, index) =>
    readBuildpackMetadata(key, path.join(workspace.depsDir, depsIndex(flags, index))),
  );
  if (flags.skipDetect) return buildpacks;
  return buildpacks.map((metadata) =>
    metadata.name === "" ? { ...metadata, name: buildpack.detectOutput } : metadata,
  );
}

function writeResult(flags: BuilderFlags, json: string): void {
  // What a script may have put there, a pipe or a link, is not written to.
  rmSync(flags.outputMetadata, { recursive: true, force: true });
  writeFileSync(flags.outputMetadata, json, { flag: "wx" });
  const bytes = Buffer.byteLength(json);
  if (bytes > resultLimitBytes) {
    printError(
      `Warning: the staging result has ${bytes} bytes, the platform reads ${resultLimitBytes}: shorten process types and output_metadata`,
    );
  }
}
