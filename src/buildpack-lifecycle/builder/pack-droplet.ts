import { accessSync, constants, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { captureTool, type ScriptEnvironment } from "./run-script.ts";
import type { Staging } from "./staging.ts";
import { exitStatus, failedWhile, StagingFailure } from "./staging-failure.ts";

/** Makes the droplet and the build artifacts cache out of what the buildpacks left. */
export function packDroplet(staging: Staging): void {
  const { flags, workspace } = staging;
  try {
    for (const name of ["tmp", "logs"]) {
      mkdirSync(path.join(workspace.contentsDir, name), { recursive: true, mode: 0o755 });
    }
  } catch (error) {
    throw failedWhile("Failed to set up droplet filesystem", error);
  }
  moveApp(staging);
  compress(staging, {
    phase: "droplet",
    archive: flags.outputDroplet,
    directory: workspace.contentsDir,
    failed: "Failed to compress droplet filesystem",
  });
  compress(staging, {
    phase: "cache",
    archive: flags.outputBuildArtifactsCache,
    directory: flags.buildArtifactsCacheDir,
    failed: "Failed to compress build artifacts",
  });
}

// Nothing reads the build folder after this, so it is moved, not copied; across mounts it is copied.
function moveApp({ flags, workspace, env }: Staging): void {
  const appDir = path.join(workspace.contentsDir, "app");
  try {
    renameSync(flags.buildDir, appDir);
    return;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EXDEV" && code !== "EACCES" && code !== "EBUSY" && code !== "EPERM") {
      throw failedWhile("Failed to copy compiled droplet", error);
    }
  }
  const { end, stdout } = captureTool("cp", ["-a", flags.buildDir, appDir], env);
  if (end.kind === "failed") {
    throw new StagingFailure(
      exitStatus.general,
      `Failed to copy compiled droplet: ${stdout}: ${end.reason}`,
    );
  }
}

interface Archive {
  readonly phase: string;
  readonly archive: string;
  readonly directory: string;
  readonly failed: string;
}

function compress({ env, trace }: Staging, { phase, archive, directory, failed }: Archive): void {
  const compressor = compressorArgs(env);
  // What a script may have put there, a pipe or a link, is not written to.
  rmSync(archive, { recursive: true, force: true });
  const { end, stdout } = trace.record(
    { phase },
    () =>
      captureTool("tar", [...compressor, ...sameBytes, "-cf", archive, "-C", directory, "."], env),
    (result) => ({
      outcome: result.end.kind === "ok" ? "ok" : result.end.reason,
      ...(result.end.kind === "ok" ? { bytes: statSync(archive).size } : {}),
    }),
  );
  if (end.kind === "failed") {
    throw new StagingFailure(exitStatus.general, `${failed}: ${stdout.trim()}: ${end.reason}`);
  }
}

// The same files make the same archive, wherever the disk has put them and whenever (-n): the cell sends no cache that it
// has got.
const sameBytes = ["--sort=name"];

// All three write gzip; the first two are 2 to 12 times as fast as the third.
function compressorArgs(env: ScriptEnvironment): readonly string[] {
  for (const program of ["igzip", "pigz"]) {
    if (isOnPath(program, env["PATH"] ?? "")) return [`--use-compress-program=${program} -n`];
  }
  return ["--gzip"];
}

function isOnPath(program: string, searchPath: string): boolean {
  return searchPath.split(":").some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
