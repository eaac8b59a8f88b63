import type { Action, Checksum, EnvironmentVariable } from "#diego/models/action.ts";
import type { CachedDependency, SecurityGroupRule } from "#diego/models/container-definition.ts";
import { keepAnnotation, type KeepRequest } from "#diego/models/keep-request.ts";
import { observationAnnotation, type ObservationRequest } from "#diego/models/observation.ts";
import { preloadedRootFs } from "#diego/models/root-fs.ts";
import type { TaskDefinition } from "#diego/models/task.ts";
import type { App } from "../apps/app-table.ts";
import { appMetricTags, type AppPlace } from "../running/vcap-application.ts";
import { xxh64 } from "./xxh64.ts";

/** A blob that a cell may fetch. */
export interface Fetchable {
  readonly url: string;
  /** Hex. */
  readonly sha256: string;
}

/** A buildpack of the list that the builder tries, in order. */
export type StagingBuildpack =
  | {
      readonly kind: "admin";
      readonly name: string;
      readonly key: string;
      readonly bits: Fetchable;
    }
  /** Fetched by the builder itself, inside the container. */
  | { readonly kind: "custom"; readonly url: string };

/** All that goes into a staging task. */
export interface StagingFacts {
  readonly buildGuid: string;
  readonly app: Pick<App, "guid" | "name">;
  readonly place: AppPlace;
  readonly stack: string;
  /** Names; undefined for all that the cell has. */
  readonly toolchains: readonly string[] | undefined;
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly logRateLimitBytesPerSecond: number;
  readonly timeoutMs: number;
  readonly pidLimit: number;
  readonly lang: string;
  readonly fileDescriptors: number;
  readonly lifecycle: { readonly url: string; readonly key: string };
  readonly buildpacks: readonly StagingBuildpack[];
  /** True where the list was asked for by name: then nothing is detected. */
  readonly skipDetect: boolean;
  readonly package: Fetchable;
  readonly buildpackCache: Fetchable | undefined;
  readonly dropletUploadUrl: string;
  readonly buildpackCacheUploadUrl: string;
  readonly completionCallbackUrl: string;
  /** Where the cell tells what happens, and what it says in the log at the end; undefined: it tells nothing. */
  readonly observation: ObservationRequest | undefined;
  /** Undefined where the container of a failed staging is not kept. */
  readonly keep?: Pick<KeepRequest, "forMs" | "line" | "retryLine"> | undefined;
  /** Undefined where it begins as every staging does. */
  readonly retry?: StagingRetry | undefined;
  readonly environment: readonly EnvironmentVariable[];
  readonly egressRules: readonly SecurityGroupRule[];
  /** The isolation segment of the app's space; none for the shared one. */
  readonly placementTags: readonly string[];
}

/** How a staging goes on where another one failed. */
export interface StagingRetry {
  /** What the script found there, as a tar of the entries of /tmp, in place of package and cache; undefined: the first one. */
  readonly from: { readonly script: string; readonly snapshot: Fetchable } | undefined;
  /** In place of the buildpack of that number. */
  readonly buildpack: { readonly index: number; readonly bits: Fetchable } | undefined;
  /** Laid over the app's. */
  readonly files: Fetchable | undefined;
}

export const stagingDomain = "cf-app-staging";
export const trustedSystemCertificatesPath = "/etc/cf-system-certificates";

/** The app as the scripts of buildpacks see it, and where a shell in a failed staging begins. */
export const shellDirectory = "/tmp/app";

const logSource = "STG";
const user = "vcap";
/** Constant in the original. */
const stagingCpuWeight = 50;

/**
 * The task that stages a build, field by field that of the original (task_recipe_builder.rb), but for its uploads:
 * the cell puts droplet and cache straight to Cloud Controller's signed URLs, with no cc-uploader in between
 * (docs/known-differences.md#uploads).
 */
export function stagingTaskDefinition(facts: StagingFacts): TaskDefinition {
  const { app } = facts;
  return {
    rootFs: preloadedRootFs(facts),
    environmentVariables: [{ name: "LANG", value: facts.lang }],
    memoryMb: facts.memoryInMb,
    diskMb: facts.diskInMb,
    cpuWeight: stagingCpuWeight,
    privileged: false,
    logSource,
    logGuid: app.guid,
    metricsGuid: "",
    cachedDependencies: [
      lifecycleDependency(facts.stack, facts.lifecycle),
      ...buildpackDependencies(facts),
    ],
    legacyDownloadUser: user,
    trustedSystemCertificatesPath,
    egressRules: facts.egressRules,
    placementTags: facts.placementTags,
    maxPids: facts.pidLimit,
    logRateLimitBytesPerSecond: facts.logRateLimitBytesPerSecond,
    metricTags: appMetricTags(app, facts.place),
    annotation: annotationOf(facts),
    action: {
      kind: "timeout",
      timeoutMs: facts.timeoutMs,
      logSource: "",
      action: {
        kind: "serial",
        logSource: "",
        actions: [downloads(facts), runBuilder(facts), uploads(facts)],
      },
    },
    resultFile: "/tmp/result.json",
    completionCallbackUrl: facts.completionCallbackUrl,
  };
}

/** Builder, launcher and health check, for staging and for running. */
export function lifecycleDependency(
  stack: string,
  lifecycle: { readonly url: string; readonly key: string },
): CachedDependency {
  return {
    name: "",
    from: lifecycle.url,
    to: "/tmp/lifecycle",
    // The original's key is the stack's alone; the content's own lets a new version of the lifecycle reach the cells.
    cacheKey: `buildpack-${stack}-lifecycle-${lifecycle.key}`,
    logSource: "",
  };
}

function buildpackDependencies(facts: StagingFacts): CachedDependency[] {
  const { buildpack: mended } = facts.retry ?? {};
  return facts.buildpacks.flatMap((buildpack, index) =>
    mended?.index === index
      ? [mendedBuildpack(keyOf(buildpack), mended.bits)]
      : buildpack.kind === "custom"
        ? []
        : [
            {
              name: buildpack.name,
              from: buildpack.bits.url,
              to: `/tmp/buildpacks/${xxh64(buildpack.key)}`,
              cacheKey: buildpack.key,
              logSource,
              checksum: sha256(buildpack.bits),
            },
          ],
  );
}

function mendedBuildpack(key: string, bits: Fetchable): CachedDependency {
  return {
    name: "mended buildpack",
    from: bits.url,
    to: `/tmp/buildpacks/${xxh64(key)}`,
    cacheKey: `stage-retry-${bits.sha256}`,
    logSource,
    checksum: sha256(bits),
  };
}

function keyOf(buildpack: StagingBuildpack): string {
  return buildpack.kind === "admin" ? buildpack.key : buildpack.url;
}

function annotationOf({ observation, keep }: StagingFacts): string {
  if (observation === undefined) return "";
  const further = keep === undefined ? {} : keepAnnotation({ ...keep, directory: shellDirectory });
  return observationAnnotation(observation, further);
}

function downloads(facts: StagingFacts): Action {
  const { from, files } = facts.retry ?? {};
  const begun =
    from === undefined
      ? packageAndCache(facts)
      : download(`files from before ${from.script}`, from.snapshot, "/tmp");
  if (files === undefined) return begun;
  const actions = [begun, download("mended files", files, shellDirectory)];
  return { kind: "serial", actions, logSource: "" };
}

function packageAndCache(facts: StagingFacts): Action {
  const actions: Action[] = [download("app package", facts.package, shellDirectory)];
  const { buildpackCache } = facts;
  if (buildpackCache !== undefined) {
    const action = download("build artifacts cache", buildpackCache, "/tmp/cache");
    // A cache that cannot be had costs time, never the build.
    actions.push({ kind: "try", action, logSource: "" });
  }
  return { kind: "parallel", actions, logSource: "" };
}

function download(artifact: string, blob: Fetchable, to: string): Action {
  return {
    kind: "download",
    artifact,
    from: blob.url,
    to,
    cacheKey: "",
    logSource,
    user,
    checksum: sha256(blob),
  };
}

function runBuilder(facts: StagingFacts): Action {
  const order = facts.buildpacks.map(keyOf);
  const { from } = facts.retry ?? {};
  return {
    kind: "run",
    path: "/tmp/lifecycle/builder",
    args: [
      `-buildpackOrder=${order.join(",")}`,
      "-skipCertVerify=false",
      `-skipDetect=${facts.skipDetect}`,
      `-buildDir=${shellDirectory}`,
      "-outputDroplet=/tmp/droplet",
      "-outputMetadata=/tmp/result.json",
      "-outputBuildArtifactsCache=/tmp/output-cache",
      "-buildpacksDir=/tmp/buildpacks",
      "-buildArtifactsCacheDir=/tmp/cache",
      ...(from === undefined ? [] : [`-resumeFrom=${from.script}`]),
    ],
    dir: "",
    env: [...facts.environment, ...buildpackNames(facts)],
    nofile: facts.fileDescriptors,
    user,
    logSource,
    suppressLogOutput: false,
  };
}

/** Linux starts no program with a variable of 128 KiB. */
const namesMax = 65_536;

/** For what the builder prints: in its flags buildpacks stand by key. It hands the variable on to no script. */
function buildpackNames({ buildpacks }: StagingFacts): EnvironmentVariable[] {
  const names = buildpacks.flatMap((each) =>
    each.kind === "admin" && each.key !== each.name ? [[each.key, each.name] as const] : [],
  );
  const value = JSON.stringify(Object.fromEntries(names));
  if (names.length === 0 || Buffer.byteLength(value) > namesMax) return [];
  return [{ name: "RIVERA_BUILDPACK_NAMES", value }];
}

function uploads(facts: StagingFacts): Action {
  const upload = (artifact: string, from: string, to: string): Action => ({
    kind: "upload",
    artifact,
    from,
    to,
    logSource,
    user,
  });
  return {
    kind: "emitProgress",
    startMessage: "Uploading droplet, build artifacts cache...",
    successMessage: "Uploading complete",
    failureMessagePrefix: "Uploading failed",
    logSource,
    action: {
      kind: "parallel",
      logSource: "",
      actions: [
        upload("droplet", "/tmp/droplet", facts.dropletUploadUrl),
        upload("build artifacts cache", "/tmp/output-cache", facts.buildpackCacheUploadUrl),
      ],
    },
  };
}

function sha256(blob: Fetchable): Checksum {
  return { algorithm: "sha256", value: blob.sha256 };
}
