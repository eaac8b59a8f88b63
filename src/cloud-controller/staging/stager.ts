import type { Blobstore } from "#blobstore/blobstore.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { App } from "../apps/app-table.ts";
import { buildpackBlob, buildpackCacheBlob, packageBlob } from "../blobs/blob-keys.ts";
import { lifecyclePath } from "../blobs/blob-routes.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import { observationPath } from "../build-observations/internal-routes.ts";
import type { Build } from "../builds/build-table.ts";
import { findBuild } from "../builds/find-build.ts";
import { buildpackKey } from "../buildpacks/buildpack-table.ts";
import type { BuildpackEntry, BuildpackList } from "../buildpacks/resolve-buildpacks.ts";
import type { Database } from "../database/schema.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { CfError } from "../http/cf-errors.ts";
import type { Package } from "../packages/package-table.ts";
import { appPlace } from "../running/app-place.ts";
import { toEgressRules } from "../running/egress-rules.ts";
import { placementTags } from "../isolation-segments/placement-tags.ts";
import { rulesOfSpaces } from "../security-groups/groups-of-spaces.ts";
import { cancelInDiego } from "../tasks/task-runner.ts";
import { mappedRoutes, urisOf } from "../running/mapped-routes.ts";
import { vcapApplication, type AppPlace } from "../running/vcap-application.ts";
import { randomGuids } from "#kernel/guid.ts";
import type { BuildEnding } from "./build-ending.ts";
import { stagingVariables, type Variables } from "./environment.ts";
import { stagingError } from "./failure-reason.ts";
import { allOf, toStagingToolchains } from "./toolchains.ts";
import {
  stagingDomain,
  stagingTaskDefinition,
  type Fetchable,
  type StagingBuildpack,
  type StagingFacts,
  type StagingRetry,
} from "./task-definition.ts";
import type { StagingConfig } from "./staging-config.ts";

export interface StagingRequest {
  readonly build: Build;
  readonly app: App;
  readonly list: BuildpackList;
  readonly package: Package;
  /** Of this build alone. */
  readonly environment: Variables;
  /** What it goes on with, fetched once its build stands: a failure is the build's. */
  readonly retry?: ((buildGuid: string) => Promise<StagingRetry>) | undefined;
}

export interface StagerOptions {
  readonly db: Database;
  readonly bbs: Pick<BbsClient, "desireTask" | "cancelTask">;
  readonly blobstore: Blobstore;
  readonly blobUrls: BlobUrls;
  readonly ending: BuildEnding;
  readonly logger: Logger;
  readonly apiUrl: string;
  readonly config: StagingConfig;
}

/** Paths of the internal listener that a staging task calls, by the build's guid. */
const stagingPaths = {
  droplet: (buildGuid: string) => `/internal/v4/droplets/${buildGuid}/upload`,
  buildpackCache: (stack: string, appGuid: string) =>
    `/internal/v4/buildpack_cache/${encodeURIComponent(stack)}/${appGuid}/upload`,
  completed: (buildGuid: string) => `/internal/v3/staging/${buildGuid}/build_completed?start=false`,
};

/** Turns a build into a task of Diego. */
export class Stager {
  readonly #options: StagerOptions;
  /** Builds whose task is not yet desired: the sync loop must not take them for lost. */
  readonly #desiring = new Set<string>();

  constructor(options: StagerOptions) {
    this.#options = options;
  }

  isDesiring(buildGuid: string): boolean {
    return this.#desiring.has(buildGuid);
  }

  /** @throws 503 StagerUnavailable or 500 StagerError; the build is FAILED then */
  async stage(request: StagingRequest): Promise<void> {
    const { db, bbs, ending } = this.#options;
    const { build } = request;
    this.#desiring.add(build.guid);
    try {
      const definition = stagingTaskDefinition(await this.#facts(request));
      await bbs.desireTask({ definition, taskGuid: build.guid, domain: stagingDomain });
      // Cancelled meanwhile, when there was no task yet.
      const now = await findBuild(db, build.guid);
      if (now?.state !== "STAGING") await cancelInDiego(bbs, build.guid);
    } catch (error) {
      const message = error instanceof StagingRefused ? error.message : "staging failed";
      await ending.fail(build.guid, stagingError(message));
      throw this.#asCfError(error);
    } finally {
      this.#desiring.delete(build.guid);
    }
  }

  async #facts({
    build,
    app,
    list,
    package: bits,
    environment,
    retry,
  }: StagingRequest): Promise<StagingFacts> {
    const { db, blobUrls, config } = this.#options;
    const stack = build.stack ?? "";
    const place = await appPlace(db, app.spaceGuid);
    const { spaceGuid } = app;
    const groups = await rulesOfSpaces(db, "staging", [spaceGuid]);
    const tag = (await placementTags(db, [spaceGuid])).get(spaceGuid);
    const toolchains = toStagingToolchains(build.toolchains);
    if (bits.sha256 === null) throw new StagingRefused("the package has no bits");
    return {
      buildGuid: build.guid,
      app,
      place,
      stack,
      toolchains: toolchains && allOf(toolchains),
      memoryInMb: build.stagingMemoryInMb,
      diskInMb: build.stagingDiskInMb,
      logRateLimitBytesPerSecond: build.stagingLogRateLimit,
      timeoutMs: config.limits.stagingTimeoutMs,
      pidLimit: config.limits.pidLimit,
      lang: config.lang,
      fileDescriptors: config.limits.fileDescriptors,
      lifecycle: {
        url: blobUrls.internal("GET", lifecyclePath(config.lifecycleBundle.key), {
          permanent: true,
        }),
        key: config.lifecycleBundle.key,
      },
      buildpacks: await Promise.all(list.entries.map((entry) => this.#buildpack(entry))),
      skipDetect: list.skipDetect,
      package: { url: blobUrls.forCell(packageBlob(bits.guid)), sha256: bits.sha256 },
      buildpackCache: await this.#buildpackCache(app.guid, stack),
      dropletUploadUrl: blobUrls.internal("POST", stagingPaths.droplet(build.guid)),
      buildpackCacheUploadUrl: blobUrls.internal(
        "POST",
        stagingPaths.buildpackCache(stack, app.guid),
      ),
      completionCallbackUrl: blobUrls.internal("POST", stagingPaths.completed(build.guid), {
        permanent: true,
      }),
      observation:
        config.isObserved === false
          ? undefined
          : {
              url: blobUrls.internal("POST", observationPath(build.guid), { permanent: true }),
              closingLine: `Timeline: ${this.#timelineUrl(build)} (rivera timeline ${build.guid})`,
            },
      keep: this.#keep(build),
      retry: await retry?.(build.guid),
      environment: await this.#environment(build, { app, place, environment }),
      egressRules: toEgressRules(groups.get(spaceGuid) ?? []),
      placementTags: tag === undefined ? [] : [tag],
    };
  }

  async #buildpack(entry: BuildpackEntry): Promise<StagingBuildpack> {
    if (entry.kind === "custom") return entry;
    const { buildpack } = entry;
    const key = buildpackKey(buildpack);
    const stored = await this.#options.blobstore.stat(buildpackBlob(key));
    if (stored === undefined || buildpack.sha256 === null) {
      throw new StagingRefused(
        `Missing blob for ${buildpack.name}. Specify a different buildpack with the -b flag or contact your operator.`,
      );
    }
    const url = this.#options.blobUrls.forCell(buildpackBlob(key));
    return {
      kind: "admin",
      name: buildpack.name,
      key,
      bits: { url, sha256: buildpack.sha256 },
    };
  }

  async #buildpackCache(appGuid: string, stack: string): Promise<Fetchable | undefined> {
    const { db, blobstore, blobUrls } = this.#options;
    const row = await db
      .selectFrom("buildpackCaches")
      .select("sha256")
      .where("appGuid", "=", appGuid)
      .where("stack", "=", stack)
      .executeTakeFirst();
    const key = buildpackCacheBlob(appGuid, stack);
    if (row === undefined || (await blobstore.stat(key)) === undefined) return undefined;
    return { url: blobUrls.forCell(key), sha256: row.sha256 };
  }

  #keep({ guid }: Build): StagingFacts["keep"] {
    const forMs = this.#options.config.keepFailedMs ?? 0;
    if (forMs === 0) return undefined;
    const minutes = Math.max(1, Math.round(forMs / 60_000));
    const time = minutes === 1 ? "a minute" : `${minutes} minutes`;
    return {
      forMs,
      line: `A shell in this container, for ${time} unless its place is needed: rivera stage-shell ${guid}`,
      retryLine: `Once it is mended, on from {script}: rivera stage-retry ${guid} [--buildpack DIR] [--files DIR]`,
    };
  }

  /** For a person's browser where there is a page, which shows the reason, too. */
  #timelineUrl({ guid }: Build): string {
    const { config, apiUrl } = this.#options;
    return config.dashboardUrl === undefined
      ? `${apiUrl}/rivera/v1/builds/${guid}/timeline`
      : `${config.dashboardUrl}#/builds/${guid}/timeline`;
  }

  async #environment(
    build: Build,
    {
      app,
      place,
      environment,
    }: { readonly app: App; readonly place: AppPlace; readonly environment: Variables },
  ) {
    const { db, config, apiUrl } = this.#options;
    const group = await environmentVariableGroup(db, "staging");
    const routes = (await mappedRoutes(db, [app.guid])).get(app.guid) ?? [];
    const application = vcapApplication({
      app,
      place,
      uris: urisOf(routes),
      apiUrl,
      version: randomGuids(),
      limits: {
        fileDescriptors: config.limits.fileDescriptors,
        memoryInMb: build.stagingMemoryInMb,
        diskInMb: build.stagingDiskInMb,
      },
    });
    return stagingVariables({
      group: group.variables,
      app: app.environmentVariables,
      build: environment,
      stack: build.stack ?? "",
      application,
      memoryInMb: build.stagingMemoryInMb,
    });
  }

  #asCfError(error: unknown): unknown {
    if (error instanceof StagingRefused) {
      return new CfError("StagingError", `Staging error: ${error.message}`, { cause: error });
    }
    if (error instanceof BbsError) {
      const isAway = error.type === "Timeout" || error.type === "Unknown";
      return isAway
        ? new CfError("StagerUnavailable", `Stager is unavailable: ${error.message}`, {
            cause: error,
          })
        : new CfError("StagerError", `Stager error: ${error.message}`, { cause: error });
    }
    return error;
  }
}

/** Cannot be staged as it is; the message is the developer's. */
export class StagingRefused extends Error {
  override readonly name = "StagingRefused";
}
