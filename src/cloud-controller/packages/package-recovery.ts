import path from "node:path";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { findApp } from "../apps/find-app.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import type { Permissions } from "../http/permissions.ts";
import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";
import { resourceScope } from "../resource-matches/resource-scope.ts";
import { findPackage } from "./find-package.ts";
import { clearTry, keepUpload, readKeptUpload, type KeptUpload } from "./kept-upload.ts";
import type { PackageCopies } from "./package-copy.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { PackageProcessing } from "./package-processing.ts";
import type { Package } from "./package-table.ts";
import type { UploadWorkspaces } from "./upload-workspaces.ts";

/** So many processes in all try to make a package: one that kills each of them must come to an end. */
const mostTries = 3;

interface RecoveryContext {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly workspaces: UploadWorkspaces;
  readonly leases: PackageLeases;
  readonly processing: PackageProcessing;
  readonly copies: PackageCopies;
  readonly permissions: Permissions;
  readonly matching: ResourceCacheConfig["matching"];
  readonly logger: Logger;
}

/**
 * At a start: goes on with what the process before was making when it was killed and had acknowledged, uploads that were
 * kept and copies. Other packages that it was making fail. Whatever else lies in the workspaces is removed, but for
 * `neededFiles`, which jobs are still to take.
 */
export async function recoverPackages(
  context: RecoveryContext,
  neededFiles: readonly string[],
): Promise<void> {
  const { workspaces, leases } = context;
  const waysOn = new Map<string, () => Promise<void>>();
  const uploads = await keptUploads(workspaces);
  for (const found of await leases.interrupted()) {
    const goOn =
      found.state === "COPYING"
        ? await copyAgain(context, found)
        : await makeAgain(context, found, uploads.get(found.guid));
    if (goOn !== undefined) waysOn.set(found.guid, goOn);
  }
  const kept = [...waysOn.keys()].flatMap((guid) => uploads.get(guid)?.received ?? []);
  await workspaces.sweep([...neededFiles, ...kept]);
  await leases.recover(new Set(waysOn.keys()));
  for (const [guid, goOn] of waysOn) {
    context.logger.info("package-goes-on", { package: guid });
    await goOn();
  }
}

interface FoundUpload {
  readonly directory: string;
  /** A file in it, there or not. */
  readonly received: string;
  readonly kept: KeptUpload;
}

async function keptUploads(workspaces: UploadWorkspaces): Promise<Map<string, FoundUpload>> {
  const found = new Map<string, FoundUpload>();
  for (const directory of await workspaces.left()) {
    const kept = await readKeptUpload(directory);
    if (kept === undefined) continue;
    const received = path.join(directory, kept.bits ?? "none");
    found.set(kept.packageGuid, { directory, received, kept });
  }
  return found;
}

async function makeAgain(
  context: RecoveryContext,
  { guid, appGuid }: Package,
  upload: FoundUpload | undefined,
): Promise<(() => Promise<void>) | undefined> {
  if (upload === undefined || upload.kept.tries >= mostTries) return undefined;
  const app = await findApp(context.db, appGuid);
  if (app === undefined) return undefined;
  const { directory, received, kept } = upload;
  return async () => {
    await keepUpload(directory, { ...kept, tries: kept.tries + 1 });
    await clearTry(directory, kept);
    // What was stored before its row could say so.
    await context.blobstore.delete(packageBlob(guid));
    void context.processing.start({
      packageGuid: guid,
      app,
      organizationGuid: kept.organizationGuid,
      directory,
      bitsPath: kept.bits === null ? undefined : received,
      resources: kept.resources,
      scope: resourceScope(context, kept.caller),
    });
  };
}

async function copyAgain(
  { db, blobstore, copies }: RecoveryContext,
  copy: Package,
): Promise<(() => Promise<void>) | undefined> {
  const source = copy.copiedFrom === null ? undefined : await findPackage(db, copy.copiedFrom);
  if (source === undefined) return undefined;
  return async () => {
    await blobstore.delete(packageBlob(copy.guid));
    copies.start(source, copy);
  };
}
