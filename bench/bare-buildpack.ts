import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const buildpacks = path.resolve(import.meta.dirname, "../buildpacks");
const toolchain = path.resolve(import.meta.dirname, "../node_modules/.bin");

/**
 * What a person without a platform would do: copy the files, run the buildpack's scripts on them by hand, pack the
 * result. Milliseconds from the first script to the packed droplet; the copy is not counted.
 */
export function bareBuildpack(options: {
  readonly buildpack: string;
  readonly folder: string;
  /** A folder that stays between runs, as the platform's buildpack cache does. */
  readonly cache: string;
}): number {
  const work = mkdtempSync(path.join(tmpdir(), "rivera-bare-"));
  const build = path.join(work, "app");
  const deps = path.join(work, "deps");
  const profile = path.join(work, "profile.d");
  cpSync(options.folder, build, { recursive: true });
  for (const directory of [path.join(deps, "0"), profile, options.cache]) {
    mkdirSync(directory, { recursive: true });
  }
  const bin = path.join(buildpacks, options.buildpack, "bin");
  const started = performance.now();
  run(path.join(bin, "detect"), [build]);
  run(path.join(bin, "supply"), [build, options.cache, deps, "0"]);
  run(path.join(bin, "finalize"), [build, options.cache, deps, "0", profile]);
  run("tar", ["-czf", path.join(work, "droplet.tgz"), "-C", work, "app", "deps", "profile.d"]);
  const elapsed = performance.now() - started;
  rmSync(work, { recursive: true, force: true });
  return elapsed;
}

function run(command: string, args: readonly string[]): void {
  const result = spawnSync(command, args, {
    env: {
      ...process.env,
      PATH: `${toolchain}:${process.env["PATH"] ?? ""}`,
      CF_STACK: "cflinuxfs4",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (result.status !== 0) {
    throw new Error(`${command} ended with ${result.status}: ${result.stderr.toString()}`);
  }
}
