import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { byteSize } from "./byte-size.ts";
import { downloadDirectory, isCustomBuildpack } from "./find-buildpack.ts";
import { printError, printLine } from "./output.ts";
import { captureTool, type ScriptEnd } from "./run-script.ts";
import type { Staging } from "./staging.ts";
import { exitStatus, failedWhile, StagingFailure } from "./staging-failure.ts";

/** Fetches the buildpacks that were given by URL: zip files over http, everything else as a git repository. */
export async function fetchCustomBuildpacks(staging: Staging): Promise<void> {
  for (const key of staging.flags.buildpackOrder) {
    if (!isCustomBuildpack(key)) {
      refuseScpSyntax(key);
      continue;
    }
    const { url, fragment, path: urlPath } = splitUrl(key);
    const destination = downloadDirectory(staging.flags, key);
    if (urlPath.endsWith(".zip")) await fetchZip(staging, key, destination);
    else cloneRepository(staging, { key, url, branch: fragment, destination });
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

/** The URL as it may be shown: the password of `https://user:password@host` is replaced. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*):[^/@]*@/i, "$1:***@");
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
  /** A branch or a tag; empty for the default branch. */
  readonly branch: string;
  readonly destination: string;
}

function cloneRepository(staging: Staging, repository: Repository): void {
  const { url, destination } = repository;
  const shown = withoutPassword(url);
  const shallow = clone(staging, repository, ["--depth", "1"]);
  if (shallow.end.kind === "ok") return;
  rmSync(destination, { recursive: true, force: true });
  const full = clone(staging, repository, []);
  if (full.end.kind === "ok") return;
  // Wrong branch, unknown host and missing rights are told apart by git alone.
  const complaint = full.stdout.replaceAll(url, shown).trim();
  if (complaint !== "") printError(complaint);
  throw new StagingFailure(exitStatus.general, `Failed to clone git repository at ${shown}`);
}

function clone(
  { env, trace }: Staging,
  { key, url, branch, destination }: Repository,
  depth: readonly string[],
): { readonly end: ScriptEnd; readonly stdout: string } {
  const branchArgs = branch === "" ? [] : ["--branch", branch];
  const args = ["clone", ...depth, "--recursive", ...branchArgs, "--", url, destination];
  return trace.record(
    { phase: "download", buildpack: withoutPassword(key) },
    () => captureTool("git", args, { ...env, GIT_TERMINAL_PROMPT: "0" }),
    ({ end }) => ({ outcome: end.kind === "ok" ? "ok" : end.reason }),
  );
}

async function fetchZip(staging: Staging, key: string, destination: string): Promise<void> {
  // Node's HTTP takes longer to load than all the rest of a builder that needs none of it.
  const { download } = await import("./download.ts");
  const shown = withoutPassword(key);
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
