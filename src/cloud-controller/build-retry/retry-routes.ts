import { rm } from "node:fs/promises";
import multipart from "@fastify/multipart";
import type { FastifyRequest } from "fastify";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import type { ObservationAccess } from "../build-observations/log-routes.ts";
import type { KeptStaging, KeptStagings } from "../build-shell/kept-stagings.ts";
import { permittedBuild } from "../build-shell/shell-routes.ts";
import { createBuild, type BuildCreation } from "../builds/build-create.ts";
import type { Build } from "../builds/build-table.ts";
import { presentBuildOf } from "../builds/routes.ts";
import { requireArchive } from "../buildpacks/buildpack-bits.ts";
import { buildpackGuid } from "../buildpacks/buildpack-table.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { findPackage } from "../packages/find-package.ts";
import { receiveForm } from "../packages/receive-upload.ts";
import type { UploadWorkspaces } from "../packages/upload-workspaces.ts";
import { storeRetryInputs } from "./retry-inputs.ts";
import { planRetry, type RetryPlan } from "./retry-plan.ts";

export interface RetryRoutes extends BuildCreation, ObservationAccess {
  readonly clock: Clock;
  readonly links: Links;
  readonly blobstore: Blobstore;
  readonly blobUrls: BlobUrls;
  readonly workspaces: UploadWorkspaces;
  readonly maximumUploadBytes: number;
  readonly kept: KeptStagings;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

type ByGuid = { Params: { guid: string } };

/**
 * `POST /rivera/v1/builds/:guid/retries`, a form of `from` (a script), `buildpack` and `files` (zips), all of them optional: a
 * new build of the same package that goes on where this one failed.
 */
export function registerBuildRetry(api: ApiServer, context: RetryRoutes): void {
  void api.register(async (scope) => {
    await scope.register(multipart, { throwFileSizeLimit: false });
    scope.post<ByGuid>("/rivera/v1/builds/:guid/retries", async (request, reply) => {
      const { auth } = request;
      const permitted = await permittedBuild(context, request.params.guid, { auth, door: "retry" });
      const directory = await context.workspaces.create();
      try {
        const build = await retryBuild(context, request, { ...permitted, auth, directory });
        return await reply.status(201).send(await presentBuildOf(context, build.guid));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  });
}

async function retryBuild(
  context: RetryRoutes,
  request: FastifyRequest,
  {
    build,
    app,
    auth,
    directory,
  }: {
    readonly build: Build;
    readonly app: App;
    readonly auth: AuthContext;
    readonly directory: string;
  },
): Promise<Build> {
  const { db, kept: keptStagings, workspaces, maximumUploadBytes, stopping } = context;
  const { files, texts } = await receiveForm(request, {
    directory,
    space: workspaces.space,
    maximumBytes: maximumUploadBytes,
    files: ["buildpack", "files"],
    texts: ["from"],
  });
  const buildpack = files.get("buildpack");
  if (buildpack !== undefined) await requireArchive(buildpack, "buildpack");
  if (buildpack !== undefined && context.limits.customBuildpacksDisabled) {
    throw new CfError("CustomBuildpacksDisabled");
  }
  const kept = await requireKept(keptStagings, build);
  const plan = await requirePlan(db, { build, kept, from: texts.get("from") });
  const found = await findPackage(db, build.packageGuid);
  if (found === undefined) throw unprocessable("The package of this build has been deleted");
  const inputs = {
    plan,
    snapshot: async () => await kept.cell.snapshot(build.guid, plan.script, stopping),
    buildpack: buildpack?.path,
    files: files.get("files")?.path,
  };
  const stores = { ...context, space: workspaces.space };
  return await createBuild(context, {
    message: messageOf(build, plan),
    found,
    app,
    auth,
    retry: {
      stage: async (buildGuid) => await storeRetryInputs(stores, buildGuid, inputs),
      of: { retried_build_guid: build.guid, from: plan.script },
    },
  });
}

/** The limits are those of the build that failed; its annotations tell whose work it goes on with. */
function messageOf(build: Build, { script, buildpacks }: RetryPlan) {
  return {
    package: { guid: build.packageGuid },
    lifecycle: {
      type: "buildpack" as const,
      data: {
        buildpacks: [...buildpacks],
        ...(build.stack === null ? {} : { stack: build.stack }),
      },
    },
    staging_memory_in_mb: build.stagingMemoryInMb,
    staging_disk_in_mb: build.stagingDiskInMb,
    staging_log_rate_limit_bytes_per_second: build.stagingLogRateLimit,
    metadata: { annotations: { retry_of: build.guid, retry_from: script } },
  };
}

async function requireKept(kept: KeptStagings, { guid, state }: Build): Promise<KeptStaging> {
  switch (state) {
    case "STAGING":
      throw unprocessable("The staging has not ended yet: it can be retried if it fails");
    case "STAGED":
      throw unprocessable(
        "The staging has not failed: what its scripts found is kept of failed ones only. Restage to stage again",
      );
    case "FAILED": {
      const found = await kept.find(guid);
      if (found !== undefined) return found;
      const cell = await kept.absentCell(guid);
      throw unprocessable(
        cell === undefined
          ? "What the scripts of this staging found is not there any more: it is kept with the container, for a while, and gives way to other work and other failed stagings. Stage again to have it again"
          : `What the scripts of this staging found is not there any more: the cell that ran it, ${cell}, is gone. Stage again to have it again`,
      );
    }
  }
}

async function requirePlan(
  db: Database,
  asked: {
    readonly build: Build;
    readonly kept: KeptStaging;
    readonly from: string | undefined;
  },
): Promise<RetryPlan> {
  const { build, kept, from } = asked;
  const rows = await db.selectFrom("buildpacks").select(["guid", "name"]).execute();
  const names = new Map(rows.map(({ guid, name }) => [guid, name]));
  const planned = planRetry(build, kept.snapshots, {
    from,
    nameOf: (key) => names.get(buildpackGuid(key)),
  });
  if (planned.kind === "refused") throw unprocessable(planned.reason);
  return planned.plan;
}
