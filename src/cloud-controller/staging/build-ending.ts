import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { App } from "../apps/app-table.ts";
import { findApp } from "../apps/find-app.ts";
import { recordBuildUsage } from "../app-usage-events/record-usage-event.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { readSpans } from "../build-observations/build-log-store.ts";
import { buildLogKey, type BuildObservations } from "../build-observations/build-observations.ts";
import { findBuild } from "../builds/find-build.ts";
import type { Build } from "../builds/build-table.ts";
import { buildpackGuid } from "../buildpacks/buildpack-table.ts";
import { withoutCredentials } from "../buildpacks/buildpack-uri.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { findDropletOfBuild } from "../droplets/find-droplet.ts";
import type { DropletRetention } from "../droplets/droplet-retention.ts";
import type { Droplet, DropletBuildpack } from "../droplets/droplet-table.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { Changes } from "../http/long-poll.ts";
import type { StagingMetrics } from "../metrics/staging-metrics.ts";
import { findProcessOfType } from "../processes/find-process.ts";
import type { StagingFailure } from "./failure-reason.ts";
import type { StagingResult } from "./staging-result.ts";
import { noDroplet, noStartCommand, verdictOn, type TaskCompletion } from "./staging-verdict.ts";
import { toolchainsOfDroplet, toStagingToolchains } from "./toolchains.ts";

export function buildKey(guid: string): string {
  return `build:${guid}`;
}

/** Gives builds their final state, once: STAGING -> STAGED with a droplet, or FAILED with an error. */
export class BuildEnding {
  readonly #db: Database;
  readonly #blobstore: Blobstore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changes: Changes;
  readonly #appLog: AppLog;
  readonly #retention: DropletRetention;
  readonly #observations: BuildObservations;
  readonly #metrics: Pick<StagingMetrics, "ended">;

  constructor(options: {
    readonly db: Database;
    readonly blobstore: Blobstore;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly changes: Changes;
    readonly appLog: AppLog;
    readonly retention: DropletRetention;
    readonly observations: BuildObservations;
    readonly metrics: Pick<StagingMetrics, "ended">;
  }) {
    this.#db = options.db;
    this.#blobstore = options.blobstore;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#changes = options.changes;
    this.#appLog = options.appLog;
    this.#retention = options.retention;
    this.#observations = options.observations;
    this.#metrics = options.metrics;
  }

  /** @throws 404 where the build has gone; 400 where it has its final state, or the task's result cannot be read */
  async complete(buildGuid: string, completion: TaskCompletion): Promise<void> {
    const build = await findBuild(this.#db, buildGuid);
    const app = build === undefined ? undefined : await findApp(this.#db, build.appGuid);
    if (build === undefined || app === undefined) throw notFound("Build");
    if (build.state !== "STAGING") {
      throw new CfError("BadRequest", `Build is already ${build.state}`);
    }
    const limits = { memoryInMb: build.stagingMemoryInMb, diskInMb: build.stagingDiskInMb };
    const spans = completion.failed ? await readSpans(this.#db, [buildGuid]) : undefined;
    const verdict = verdictOn(completion, spans?.get(buildGuid) ?? [], limits);
    if (verdict.kind === "staged") return await this.#succeed({ build, app, ...verdict });
    const { failure, isMalformed } = verdict;
    const reason = isMalformed ? failure.logMessage : completion.failureReason;
    this.#logger.info("staging-failed", { build: buildGuid, reason });
    await this.fail(buildGuid, failure);
    if (isMalformed) throw new CfError("BadRequest", failure.logMessage);
  }

  /** Whether it was still STAGING; otherwise nothing happens. The event names the build's creator, or who ended it. */
  async fail(buildGuid: string, failure: StagingFailure, endedBy?: Actor): Promise<boolean> {
    const build = await findBuild(this.#db, buildGuid);
    const app = build === undefined ? undefined : await findApp(this.#db, build.appGuid);
    if (build === undefined || app === undefined) return false;
    const droplet = await findDropletOfBuild(this.#db, buildGuid);
    const logLine = `Failed to stage build: ${failure.logMessage}`;
    const failed = await this.#db.transaction().execute(async (tx) => {
      const error = { errorId: failure.id, errorDescription: failure.description };
      const isFirst = await this.#end(tx, build, { state: "FAILED", ...error });
      if (!isFirst) return false;
      await recordBuildUsage(tx, this.#clock, { build, app, state: "STAGING_STOPPED" });
      await tx
        .updateTable("droplets")
        .set({ ...touched(this.#clock), state: "FAILED", sha1: null, sha256: null, ...error })
        .where("buildGuid", "=", buildGuid)
        .execute();
      await recordAuditEvent(tx, this.#clock, {
        type: "audit.app.build.failed",
        actor: endedBy ?? creatorOf(build),
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: {
          build_guid: build.guid,
          package_guid: build.packageGuid,
          error_id: failure.id,
          error_message: failure.description,
        },
      });
      await this.#observations.say(tx, build.guid, logLine);
      return true;
    });
    if (!failed) return false;
    this.#metrics.ended(build, { at: this.#clock.now(), failure });
    this.#appLog.write(app, logLine, { type: "ERR" });
    this.#changes.notify(buildKey(buildGuid));
    this.#changes.notify(buildLogKey(buildGuid));
    if (droplet?.sha1) await this.#blobstore.delete(dropletBlob(droplet.guid, droplet.sha1));
    return true;
  }

  async #succeed(staged: {
    readonly build: Build;
    readonly app: App;
    readonly result: StagingResult;
  }): Promise<void> {
    const { build, app, result } = staged;
    const droplet = await findDropletOfBuild(this.#db, build.guid);
    if (droplet === undefined) {
      await this.fail(build.guid, noDroplet);
      return;
    }
    const processTypes = result.process_types ?? {};
    const web = await findProcessOfType(this.#db, app.guid, "web");
    if (Object.keys(processTypes).length === 0 && (web?.command ?? "") === "") {
      await this.fail(build.guid, noStartCommand);
      return;
    }
    const buildpacks = await this.#buildpacksOf(build, result);
    const isFirst = await this.#db.transaction().execute(async (tx) => {
      if (!(await this.#end(tx, build, { state: "STAGED" }))) return false;
      await tx
        .updateTable("droplets")
        .set({
          ...touched(this.#clock),
          state: "STAGED",
          ...stagedColumns(result, buildpacks),
          toolchains: toolchainsColumn(build, result),
        })
        .where("guid", "=", droplet.guid)
        .execute();
      const used = { build, app, droplet: { ...droplet, buildpacks } };
      await recordBuildUsage(tx, this.#clock, { ...used, state: "STAGING_STOPPED" });
      await recordBuildUsage(tx, this.#clock, { ...used, state: "BUILDPACK_SET" });
      await recordAuditEvent(tx, this.#clock, {
        type: "audit.app.build.staged",
        actor: creatorOf(build),
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: stagedEvent(build, droplet, buildpacks),
      });
      return true;
    });
    if (isFirst) this.#metrics.ended(build, { at: this.#clock.now() });
    this.#changes.notify(buildKey(build.guid));
    this.#changes.notify(buildLogKey(build.guid));
    await this.#retention.expireOld(app.guid);
  }

  /** Whether this was the first to end it. */
  async #end(
    tx: Executor,
    build: Build,
    columns: Pick<Build, "state"> & Partial<Pick<Build, "errorId" | "errorDescription">>,
  ): Promise<boolean> {
    const { numUpdatedRows } = await tx
      .updateTable("builds")
      .set({ ...touched(this.#clock), ...columns })
      .where("guid", "=", build.guid)
      .where("state", "=", "STAGING")
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** Keys are told as their users know them: the admin buildpack's name, or the URL without its password. */
  async #buildpacksOf(build: Build, result: StagingResult): Promise<DropletBuildpack[]> {
    const rows = await this.#db.selectFrom("buildpacks").select(["guid", "name"]).execute();
    const names = new Map(rows.map(({ guid, name }) => [guid, name]));
    const { lifecycle_metadata: metadata } = result;
    const used = metadata.buildpacks ?? [];
    const receipt = metadata.buildpack_key ?? used.at(-1)?.key ?? build.buildpacks[0] ?? "";
    const listed = used.length > 0 ? used : [{ key: receipt, name: null, version: null }];
    return listed.map(({ key, name, version }) => ({
      // By guid: the bits, the other half of the key, may have been replaced while this staging ran.
      name: names.get(buildpackGuid(key)) ?? withoutCredentials(key),
      detectOutput: key === receipt ? metadata.detected_buildpack : null,
      buildpackName: name ?? null,
      version: version ?? null,
    }));
  }
}

function stagedColumns(result: StagingResult, buildpacks: readonly DropletBuildpack[]) {
  const sidecars = (result.sidecars ?? []).map((sidecar) => ({
    name: sidecar.name,
    command: sidecar.command,
    processTypes: sidecar.process_types,
    memoryInMb: sidecar.memory ?? null,
  }));
  return {
    buildpacks: JSON.stringify(buildpacks),
    processTypes: JSON.stringify(result.process_types ?? {}),
    sidecars: JSON.stringify(sidecars),
    executionMetadata: result.execution_metadata,
  };
}

function toolchainsColumn(build: Build, result: StagingResult): string | null {
  const staging = toStagingToolchains(build.toolchains);
  if (staging === undefined) return null;
  const { buildpacks, buildpack_key: receipt } = result.lifecycle_metadata;
  const keys = [...(buildpacks ?? []).map(({ key }) => key), receipt ?? ""];
  return JSON.stringify(toolchainsOfDroplet(staging, keys));
}

function stagedEvent(build: Build, droplet: Droplet, buildpacks: readonly DropletBuildpack[]) {
  return {
    build_guid: build.guid,
    package_guid: build.packageGuid,
    droplet_guid: droplet.guid,
    buildpacks: buildpacks.map(({ name, buildpackName, version }) => ({
      name,
      buildpack_name: buildpackName,
      version,
    })),
  };
}

function creatorOf(build: Build) {
  const name = build.createdByEmail || build.createdByName;
  return { guid: build.createdByGuid, type: "user" as const, name };
}
