import { statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { readManifest } from "#cloud-controller/buildpacks/buildpack-manifest.ts";
import { withoutCredentials } from "#cloud-controller/buildpacks/buildpack-uri.ts";
import { CfError } from "#cloud-controller/http/cf-errors.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import { stagingDomain, type StagingBuildpack } from "#cloud-controller/staging/task-definition.ts";
import { allOf, askedFor } from "#cloud-controller/staging/toolchains.ts";
import { Failure } from "#cli/failure.ts";
import { taskAllocation, taskRunRequest } from "#diego/cell/rep/run-request.ts";
import { formatBytes } from "#kernel/size.ts";
import type { ReceivedFile } from "./blob-server.ts";
import type { BuildpackSource } from "./buildpack-source.ts";
import { requireUnpackable } from "./unpacked-size.ts";
import { sha256OfFile } from "./packed-folders.ts";
import { StagingRecord } from "./staging-record.ts";
import { reportOn, type StagingReport } from "./staging-report.ts";
import { stagingTask } from "./staging-task.ts";
import type { Watching, WorkbenchParts } from "./workbench-parts.ts";

export interface StageRequest {
  /** Absolute path of the app's folder, or of its zip. */
  readonly source: string;
  readonly buildpacks: readonly BuildpackSource[];
  /** Whether they are asked which of them takes the app; else all of them run, as in a push with `-b`. */
  readonly detect: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly stack: string;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly timeoutMs: number;
  /** Whether what the last staging of the app left for the next one is used, and kept. */
  readonly keepsCache: boolean;
}

/**
 * Stages an app that no platform knows, one at a time. The droplet lies in the workbench until the next staging; whoever wants to
 * keep it copies it.
 *
 * @throws `Failure` where there is nothing to stage; the signal's reason where it was interrupted
 */
export async function stageApp(
  parts: WorkbenchParts,
  request: StageRequest,
  { signal, onLine }: Watching,
): Promise<StagingReport> {
  const { clock, blobs, caches } = parts;
  requireStack(parts, request.stack);
  requireRoom(parts.runs.capacity, request);
  const startedAt = clock.now().getTime();
  const { bits, buildpacks, toolchains, nameOf } = await packAll(parts, request, signal);
  const record = new StagingRecord(nameOf);
  const taskGuid = parts.guids();
  const work = path.join(parts.workDirectory, taskGuid);
  await rm(parts.workDirectory, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  const received: { droplet?: ReceivedFile; cache?: ReceivedFile } = {};
  const cache = request.keepsCache ? await caches.find(request) : undefined;
  const definition = stagingTask({
    ...request,
    taskGuid,
    appName: path.basename(request.source),
    surroundings: parts.surroundings,
    buildpacks,
    toolchains: await sayingWhatIsWrong(async () => toolchainsOf(request.environment, toolchains)),
    package: { url: blobs.serve(bits.path), sha256: bits.sha256 },
    buildpackCache: cache && { url: blobs.serve(cache.path), sha256: cache.sha256 },
    urls: {
      droplet: blobs.receive(path.join(work, "droplet.tgz"), (file) => (received.droplet = file)),
      cache: blobs.receive(path.join(work, "cache.tgz"), (file) => (received.cache = file)),
      observation: blobs.observe((batch) => record.take(batch)),
    },
  });
  const { rootFs, memoryMb, diskMb, maxPids, logGuid } = definition;
  using _lines = parts.lines.listen(logGuid, onLine);
  const completion = await parts.runs.run(
    {
      allocation: taskAllocation({
        taskGuid,
        domain: stagingDomain,
        resource: { memoryMb, diskMb, maxPids },
        placementConstraint: { rootFs, placementTags: [] },
      }),
      request: taskRunRequest({ definition, taskGuid }),
    },
    { signal },
  );
  signal.throwIfAborted();
  if (request.keepsCache && received.cache !== undefined && !completion.failed) {
    await caches.keep(request, received.cache);
  }
  return reportOn({
    completion,
    droplet: received.droplet,
    spans: record.spans,
    limits: request,
    times: { startedAt, endedAt: clock.now().getTime() },
    nameOf,
  });
}

/**
 * Tells what would be staged from what was: apps and buildpacks by their content, which is packed afterwards.
 *
 * @throws `Failure`
 */
export async function contentOf(
  parts: WorkbenchParts,
  request: Pick<StageRequest, "source" | "buildpacks">,
  signal: AbortSignal,
): Promise<string> {
  const { bits, buildpacks } = await packAll(parts, request, signal);
  const keys = buildpacks.map((each) => (each.kind === "admin" ? each.key : each.url));
  return JSON.stringify([bits.sha256, ...keys]);
}

/** @throws `Failure` */
export function requireStack({ stacks }: WorkbenchParts, stack: string): void {
  if (stacks.includes(stack)) return;
  throw new Failure(
    `There is no stack '${stack}': there is ${stacks.join(", ")}. Add one with: rivera stack import NAME FILE`,
  );
}

/** @throws `Failure` */
export function requireRoom(
  has: { readonly memoryMb: number; readonly diskMb: number },
  { memoryInMb, diskInMb }: { readonly memoryInMb: number; readonly diskInMb: number },
): void {
  const size = (mb: number) => formatBytes(mb * 1024 ** 2);
  if (memoryInMb > has.memoryMb) {
    throw new Failure(
      `${size(memoryInMb)} of memory are asked for, and this machine has ${size(has.memoryMb)}: give it less with -m`,
    );
  }
  if (diskInMb > has.diskMb) {
    throw new Failure(
      `${size(diskInMb)} of disk are asked for, and ${size(has.diskMb)} are free: give it less with -k, or another folder with --data`,
    );
  }
}

/** The app and its buildpacks as zips; and how the log calls a buildpack that the builder knows by its key. */
async function packAll(
  parts: WorkbenchParts,
  request: Pick<StageRequest, "source" | "buildpacks">,
  signal: AbortSignal,
) {
  if (statSync(request.source, { throwIfNoEntry: false }) === undefined) {
    throw new Failure(`The app '${request.source}' is gone`);
  }
  const bits = await parts.packed.app(request.source, signal);
  const { maximumPackageBytes } = defaultStagingLimits;
  if (bits.bytes > maximumPackageBytes) {
    throw new Failure(
      `'${request.source}' has ${formatBytes(bits.bytes)}; an app may have ${formatBytes(maximumPackageBytes)}. Leave out what it does not need with a .cfignore`,
    );
  }
  const toolchains: Record<string, string[]> = {};
  const names = new Map<string, string>();
  const buildpacks: StagingBuildpack[] = [];
  for (const source of request.buildpacks) {
    const { buildpack, asks } = await packBuildpack(parts, source, signal);
    if (buildpack.kind === "admin") {
      names.set(buildpack.key, buildpack.name);
      toolchains[buildpack.key] = [...asks];
    }
    buildpacks.push(buildpack);
  }
  const nameOf = (key: string) => names.get(key) ?? withoutCredentials(key);
  return { bits, buildpacks, toolchains, nameOf };
}

async function packBuildpack(
  { packed, blobs, workDirectory }: WorkbenchParts,
  source: BuildpackSource,
  signal: AbortSignal,
): Promise<{ readonly buildpack: StagingBuildpack; readonly asks: readonly string[] }> {
  if (source.kind === "url") return { buildpack: { kind: "custom", url: source.url }, asks: [] };
  const { name } = source;
  const found = statSync(source.path, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure(`The buildpack '${source.path}' is gone`);
  if (source.kind === "zip") await requireUnpackable(source.path, workDirectory);
  const zip =
    source.kind === "folder"
      ? await packed.buildpack(source.path, signal)
      : { path: source.path, sha256: await sha256OfFile(source.path) };
  const bits = { url: blobs.serve(zip.path), sha256: zip.sha256 };
  // The builder's list is separated by commas, and what detected nothing is named by its key.
  const key = `${name.replaceAll(/[^\w.-]/g, "_")}_${zip.sha256.slice(0, 12)}`;
  const asks = await sayingWhatIsWrong(async () => (await readManifest(zip.path)).toolchains ?? []);
  return { buildpack: { kind: "admin", name, key, bits }, asks };
}

/** As on a platform: a buildpack that works here because of what lies about would fail there. */
function toolchainsOf(
  environment: StageRequest["environment"],
  byBuildpack: Record<string, string[]>,
): readonly string[] {
  return allOf({ always: askedFor(environment), byBuildpack });
}

/** Cloud Controller's words for what is wrong with a buildpack. */
async function sayingWhatIsWrong<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw new Failure(error.message, { cause: error });
  }
}
