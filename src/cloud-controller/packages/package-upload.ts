import { rm } from "node:fs/promises";
import path from "node:path";
import type { FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { App } from "../apps/app-table.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { Permissions } from "../http/permissions.ts";
import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";
import { resourceScope } from "../resource-matches/resource-scope.ts";
import type { MatchedResource, MatchReferences } from "../resource-matches/match-references.ts";
import { parseUploadResources, type UploadResource } from "../resource-matches/messages.ts";
import { findSpace } from "../spaces/find-space.ts";
import { keepUpload } from "./kept-upload.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { PackageProcessing, PackageUpload } from "./package-processing.ts";
import type { Package } from "./package-table.ts";
import { receiveUpload } from "./receive-upload.ts";
import { uploadHints } from "./upload-hints.ts";
import type { UploadWorkspaces } from "./upload-workspaces.ts";

/** How long the answer to an upload waits for the package: the client polls only what is not READY by then. */
const waitForReadyMs = 1_000;

interface UploadContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly permissions: Permissions;
  readonly processing: PackageProcessing;
  readonly leases: PackageLeases;
  readonly workspaces: UploadWorkspaces;
  readonly maximumUploadBytes: number;
  readonly matching: ResourceCacheConfig["matching"];
  readonly matchReferences: MatchReferences;
}

/**
 * Receives the bits of a package and begins to process them. The package is taken once the body has come whole: a
 * client that leaves in the middle may try again, and of two uploads at once the first to be complete wins. Gives what
 * the developer is to be told beside the answer.
 *
 * @throws 400 150004 where bits were uploaded before
 */
export async function uploadPackage(
  context: UploadContext,
  request: FastifyRequest,
  { found, app }: { readonly found: Package; readonly app: App },
): Promise<readonly string[]> {
  if (found.type !== "bits") throw unprocessable("Package type must be bits.");
  if (found.state !== "AWAITING_UPLOAD") throw new CfError("PackageBitsAlreadyUploaded");
  const { processing, clock } = context;
  const directory = await context.workspaces.create();
  let resources: readonly (UploadResource | MatchedResource)[] = [];
  try {
    const received = await receiveUpload(request, {
      directory,
      space: context.workspaces.space,
      maximumBytes: context.maximumUploadBytes,
      fields: ["bits", "resources"],
      onResources: (text) => {
        resources = parseUploadResources(text, (reference) =>
          context.matchReferences.take(request.auth, reference),
        );
      },
    });
    if (received.bits === undefined && resources.length === 0) {
      throw unprocessable("Upload must include either resources or bits");
    }
    const hints = uploadHints({ bitsPath: received.bits?.path, resources });
    const space = await findSpace(context.db, app.spaceGuid);
    await take(context, { found, app, auth: request.auth });
    const upload = {
      packageGuid: found.guid,
      app,
      organizationGuid: space?.organizationGuid ?? "",
      directory,
      bitsPath: received.bits?.path,
      resources,
      scope: resourceScope(context, request.auth),
    };
    const done = processing.start(upload);
    if (!(await isSoon(done, clock))) {
      // The answer acknowledges what is still to be made, so from now on it outlives this process.
      await keep(context, { upload, caller: request.auth });
    }
    return hints;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function take(
  { db, clock, leases }: UploadContext,
  { found, app, auth }: { readonly found: Package; readonly app: App; readonly auth: AuthContext },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const taken = await tx
      .updateTable("packages")
      .set({ ...touched(clock), state: "PROCESSING_UPLOAD", ...leases.columns() })
      .where("guid", "=", found.guid)
      .where("state", "=", "AWAITING_UPLOAD")
      .executeTakeFirst();
    if (taken.numUpdatedRows === 0n) throw new CfError("PackageBitsAlreadyUploaded");
    await recordAuditEvent(tx, clock, {
      type: "audit.app.package.upload",
      actor: actorOf(auth),
      target: { guid: app.guid, type: "app", name: app.name },
      spaceGuid: app.spaceGuid,
      data: { package_guid: found.guid },
    });
  });
}

async function keep(
  { processing, logger }: UploadContext,
  { upload, caller }: { readonly upload: PackageUpload; readonly caller: AuthContext },
): Promise<void> {
  const { packageGuid, organizationGuid, directory, bitsPath, resources } = upload;
  const bits = bitsPath === undefined ? null : path.basename(bitsPath);
  const kept = { packageGuid, organizationGuid, bits, resources, caller, tries: 1 };
  await processing
    .keep(directory, () => keepUpload(directory, kept))
    .catch((error: unknown) => logger.error("upload-not-kept", { package: packageGuid, error }));
}

async function isSoon(done: Promise<void>, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const late = clock.sleep(waitForReadyMs, over.signal).then(
    () => false,
    () => true,
  );
  const isDone = await Promise.race([done.then(() => true), late]);
  over.abort();
  await late;
  return isDone;
}
