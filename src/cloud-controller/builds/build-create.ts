import { isUniqueViolation } from "#db/database-error.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { refuseCustom } from "../apps/check-lifecycle.ts";
import { recordBuildUsage } from "../app-usage-events/record-usage-event.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { resolveBuildpacks } from "../buildpacks/resolve-buildpacks.ts";
import type { CloudControllerLimits } from "../config.ts";
import { newRecord } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import type { Package } from "../packages/package-table.ts";
import { findProcessOfType } from "../processes/find-process.ts";
import { usedScopes } from "../quotas/check-quota.ts";
import { stagingLogRateFault, stagingMemoryFault } from "../quotas/quota-faults.ts";
import { stackVerdict } from "../stacks/stack-state.ts";
import type { Stager, StagingRequest } from "../staging/stager.ts";
import type { StagingLimits } from "../staging/staging-config.ts";
import { stagingToolchains, type StagingToolchains } from "../staging/toolchains.ts";
import { toBuild, type Build } from "./build-table.ts";
import type { BuildCreateMessage } from "./messages.ts";

export interface BuildCreation {
  readonly db: Database;
  readonly clock: Clock;
  readonly stager: Stager;
  readonly defaultStack: string;
  readonly limits: StagingLimits &
    Pick<CloudControllerLimits, "maximumDiskInMb" | "customBuildpacksDisabled">;
}

interface BuildRequest {
  readonly message: BuildCreateMessage;
  readonly found: Package;
  readonly app: App;
  readonly auth: AuthContext;
  /** Of a build that goes on where another failed. */
  readonly retry?: {
    readonly stage: NonNullable<StagingRequest["retry"]>;
    /** For the audit event. */
    readonly of: { readonly retried_build_guid: string; readonly from: string };
  };
}

/** Stores a build and hands its staging to Diego, in Cloud Controller's order of checks. */
export async function createBuild(creation: BuildCreation, request: BuildRequest): Promise<Build> {
  const { db, stager } = creation;
  const { message, app, found } = request;
  const lifecycleType = message.lifecycle?.type ?? app.lifecycle.type;
  if (lifecycleType !== "buildpack") {
    // Its flag may be enabled by now, and still there is nothing that could stage it.
    throw unprocessable(`The ${lifecycleType} lifecycle is not supported by this platform.`);
  }
  const stack = message.lifecycle?.data.stack ?? app.lifecycle.stack ?? creation.defaultStack;
  await requireStack(db, { stack, appGuid: app.guid });
  await refuseSecond(db, app.guid);
  if (found.state !== "READY") {
    throw new CfError("BadRequest", "Bad request: Cannot stage package whose state is not ready.");
  }
  const names = message.lifecycle?.data.buildpacks ?? app.lifecycle.buildpacks;
  const list = await resolveBuildpacks(db, { names, stack });
  const limits = await stagingLimits(creation, request);
  if (creation.limits.customBuildpacksDisabled) refuseCustom(names);
  const environment = message.environment_variables ?? {};
  const group = await environmentVariableGroup(db, "staging");
  const toolchains = stagingToolchains(list, {
    ...group.variables,
    ...app.environmentVariables,
    ...environment,
  });
  const build = await insertBuild(creation, request, { names, stack, limits, toolchains });
  await stager.stage({
    build,
    app,
    list,
    package: found,
    environment,
    retry: request.retry?.stage,
  });
  return build;
}

async function requireStack(
  db: Executor,
  { stack, appGuid }: { readonly stack: string; readonly appGuid: string },
): Promise<void> {
  const row = await db
    .selectFrom("stacks")
    .select("name")
    .where("name", "=", stack)
    .executeTakeFirst();
  if (row === undefined) throw unprocessable("Stack must be an existing stack");
  const verdict = await stackVerdict(db, { stack, appGuid });
  if (verdict.kind === "refused") throw new CfError("StackValidationFailed", verdict.reason);
}

async function refuseSecond(db: Executor, appGuid: string): Promise<void> {
  const staging = await db
    .selectFrom("builds")
    .select("guid")
    .where("appGuid", "=", appGuid)
    .where("state", "=", "STAGING")
    .executeTakeFirst();
  if (staging !== undefined) throw new CfError("StagingInProgress");
}

interface ChosenLimits {
  readonly memoryInMb: number;
  readonly diskInMb: number;
  readonly logRate: number;
}

async function stagingLimits(
  { db, limits }: BuildCreation,
  { message, app }: BuildRequest,
): Promise<ChosenLimits> {
  const web = await findProcessOfType(db, app.guid, "web");
  const memory = message.staging_memory_in_mb ?? web?.memoryInMb ?? 0;
  const disk = message.staging_disk_in_mb ?? web?.diskInMb ?? 0;
  const logRate =
    message.staging_log_rate_limit_bytes_per_second ?? web?.logRateLimitInBytesPerSecond ?? -1;
  const scopes = await usedScopes(db, app.spaceGuid);
  // The least that a staging gets is anybody's, whatever the quota has left.
  const memoryFault =
    memory < limits.minimumStagingMemoryInMb ? undefined : stagingMemoryFault(scopes, memory);
  if (memoryFault !== undefined) throw unprocessable(memoryFault);
  const maximumDisk = Math.max(limits.maximumDiskInMb, limits.minimumStagingDiskInMb);
  if (disk > maximumDisk) throw unprocessable("disk limit exceeded");
  const logRateFault = stagingLogRateFault(scopes, logRate);
  if (logRateFault !== undefined) throw unprocessable(logRateFault);
  return {
    memoryInMb: Math.max(memory, limits.minimumStagingMemoryInMb),
    diskInMb: Math.max(disk, limits.minimumStagingDiskInMb),
    logRate,
  };
}

async function insertBuild(
  { db, clock }: BuildCreation,
  { message, app, found, auth, retry }: BuildRequest,
  chosen: {
    readonly names: readonly string[];
    readonly stack: string;
    readonly limits: ChosenLimits;
    readonly toolchains: StagingToolchains;
  },
): Promise<Build> {
  try {
    return await db.transaction().execute(async (tx) => {
      const row = await tx
        .insertInto("builds")
        .values({
          ...newRecord(clock),
          appGuid: app.guid,
          packageGuid: found.guid,
          state: "STAGING",
          errorId: null,
          errorDescription: null,
          lifecycleType: "buildpack",
          stack: chosen.stack,
          buildpacks: JSON.stringify(chosen.names),
          toolchains: JSON.stringify(chosen.toolchains),
          stagingMemoryInMb: chosen.limits.memoryInMb,
          stagingDiskInMb: chosen.limits.diskInMb,
          stagingLogRateLimit: chosen.limits.logRate,
          createdByGuid: auth.userGuid,
          createdByName: auth.userName,
          createdByEmail: auth.email,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await updateMetadata(tx, { type: "build", guid: row.guid }, message.metadata);
      await recordAuditEvent(tx, clock, {
        type: "audit.app.build.create",
        actor: actorOf(auth),
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: { build_guid: row.guid, package_guid: found.guid, ...retry?.of },
      });
      const build = toBuild(row);
      await recordBuildUsage(tx, clock, { build, app, state: "STAGING_STARTED" });
      return build;
    });
  } catch (error) {
    // Two requests at once: the index lets one build be STAGING for an app.
    if (isUniqueViolation(error)) throw new CfError("StagingInProgress");
    throw error;
  }
}
