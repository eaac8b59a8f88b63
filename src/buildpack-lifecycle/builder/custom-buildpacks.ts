import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { byteSize } from "./byte-size.ts";
import { downloadDirectory, isAtHand, isCustomBuildpack } from "./find-buildpack.ts";
import { printError, printLine } from "./output.ts";
import { captureTool, type CapturedEnd } from "./run-script.ts";
import type { Staging } from "./staging.ts";
import { shownKey, withoutSecrets } from "./shown-url.ts";
import { exitStatus, failedWhile, StagingFailure } from "./staging-failure.ts";

/** Fetches the buildpacks that were given by URL: zip files over http, everything else as a git repository. */
export async function fetchCustomBuildpacks(staging: Staging): Promise<void> {
  for (const key of staging.flags.buildpackOrder) {
    if (!isCustomBuildpack(key)) {
      refuseScpSyntax(key);
      continue;
    }
    if (isAtHand(staging, key)) continue;
    const { url, fragment, path: urlPath } = splitUrl(key);
    const destination = downloadDirectory(staging.flags, key);
    if (urlPath.endsWith(".zip")) await fetchZip(staging, key, destination);
    else cloneRepository(staging, { key, url, revision: fragment, destination });
  }
}

interface SplitUrl {
  /** The key without its fragment. */
  readonly url: string;
  readonly fragment: string;
  readonly path: string;
}

export function splitUrl(key: string): SplitUrl {
  const [url = "", ...fragments] = key.split("#");
  return { url, fragment: fragments.join("#"), path: url.split("?")[0] ?? "" };
}

function refuseScpSyntax(key: string): void {
  const [firstSegment = ""] = key.split("/");
  if (!firstSegment.includes(":")) return;
  throw new StagingFailure(
    exitStatus.general,
    `Invalid buildpack url (${key}): parse "${key}": first path segment in URL cannot contain colon`,
  );
}

interface Repository {
  readonly key: string;
  readonly url: string;
  /** A branch, a tag or a commit; empty for the default branch. */
  readonly revision: string;
  readonly destination: string;
}

// As the original: shallow first; then in full, for a server may not know how to be shallow. A commit, which `--branch` does
// not take, is our addition.
function cloneRepository(staging: Staging, repository: Repository): void {
  const { url, revision, destination } = repository;
  const branch = revision === "" ? [] : ["--branch", revision];
  const attempts: (() => CapturedEnd)[] = [
    () => clone(staging, repository, ["--depth", "1", ...branch]),
    () => clone(staging, repository, branch),
  ];
  if (isCommit(revision)) attempts.push(() => cloneCommit(staging, repository));
  let complaint = "";
  for (const attempt of attempts) {
    rmSync(destination, { recursive: true, force: true });
    const { end, stdout } = attempt();
    if (end.kind === "ok") return;
    complaint = stdout.trim();
  }
  // Wrong branch, unknown host and missing rights are told apart by git alone.
  if (complaint !== "") printError(withoutSecrets(complaint));
  const shown = withoutSecrets(url);
  throw new StagingFailure(exitStatus.general, `Failed to clone git repository at ${shown}`);
}

function isCommit(revision: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}

function clone(staging: Staging, repository: Repository, options: readonly string[]): CapturedEnd {
  const { key, url, destination } = repository;
  return git(staging, key, ["clone", ...options, "--recursive", "--", url, destination]);
}

function cloneCommit(staging: Staging, repository: Repository): CapturedEnd {
  const { key, url, revision, destination } = repository;
  const steps = [
    ["clone", "--no-checkout", "--", url, destination],
    ["-C", destination, "-c", "advice.detachedHead=false", "checkout", "--quiet", revision],
    ["-C", destination, "submodule", "update", "--init", "--recursive"],
  ];
  let last: CapturedEnd = { end: { kind: "ok" }, stdout: "", isWhole: true };
  for (const step of steps) {
    last = git(staging, key, step);
    if (last.end.kind === "failed") break;
  }
  return last;
}

/** Characters of what a tool complained of that the platform is told. */
const tracedErrorsMax = 2_048;

function git({ env, trace }: Staging, key: string, args: readonly string[]): CapturedEnd {
  return trace.record(
    { phase: "download", buildpack: shownKey(key) },
    // It must fail, not ask, where there are no credentials or wrong ones.
    () => captureTool("git", args, { ...env, GIT_TERMINAL_PROMPT: "0" }),
    ({ end, stdout }) =>
      end.kind === "ok"
        ? { outcome: "ok" }
        : { outcome: end.reason, errors: withoutSecrets(stdout).slice(-tracedErrorsMax) },
  );
}

async function fetchZip(staging: Staging, key: string, destination: string): Promise<void> {
  // Node's HTTP takes longer to load than all the rest of a builder that needs none of it.
  const { download } = await import("./download.ts");
  const shown = shownKey(key);
  const directory = await mkdtemp(path.join(os.tmpdir(), "buildpack-zip"));
  try {
    const archive = path.join(directory, "buildpack.zip");
    const bytes = await download(key, archive, {
      verifyCertificates: !staging.flags.skipCertVerify,
      env: staging.env,
    });
    await mkdir(destination, { recursive: true });
    const { end, stdout } = captureTool(
      "unzip",
      ["-q", "-o", archive, "-d", destination],
      staging.env,
    );
    // Status 1 is "processed, with warnings".
    if (end.kind === "failed" && end.reason !== "exit status 1") {
      throw new StagingFailure(
        exitStatus.general,
        `Failed to extract buildpack '${shown}': ${stdout.trim()}: ${end.reason}`,
      );
    }
    printLine(`Downloaded buildpack \`${shown}\` (${byteSize(bytes)})`);
  } catch (error) {
    if (error instanceof StagingFailure) throw error;
    throw failedWhile(`Failed to download buildpack '${shown}'`, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
