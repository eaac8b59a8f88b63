import { findApp } from "../apps/find-app.ts";
import type { App } from "../apps/app-table.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { Links } from "../http/links.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata } from "../metadata/metadata.ts";
import type { UploadWorkspaces } from "../packages/upload-workspaces.ts";
import { presentDroplet } from "./droplet-presenter.ts";
import type { Droplet } from "./droplet-table.ts";
import { findDroplet } from "./find-droplet.ts";

export interface DropletRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly permissions: Permissions;
  readonly links: Links;
  readonly jobs: Jobs;
  readonly blobstore: Blobstore;
  readonly blobUrls: BlobUrls;
  readonly workspaces: UploadWorkspaces;
  readonly maximumUploadBytes: number;
}

export async function requireDroplet(
  context: DropletRoutes,
  auth: AuthContext,
  wanted: { readonly guid: string; readonly action: Action },
): Promise<{ readonly droplet: Droplet; readonly app: App }> {
  const { resource, app } = await requireOwnedByApp(context, auth, {
    name: "Droplet",
    resource: await findDroplet(context.db, wanted.guid),
    action: wanted.action,
  });
  return { droplet: resource, app };
}

/** The app that a body names. @throws 422 where it is missing or not to be seen, 403 where it may not be changed */
export async function requireNamedApp(
  { db, permissions }: Pick<DropletRoutes, "db" | "permissions">,
  auth: AuthContext,
  guid: string,
): Promise<App> {
  const app = await findApp(db, guid);
  if (app !== undefined) {
    const place = { spaceGuid: app.spaceGuid };
    if (await permissions.can(auth, "space.read", place)) {
      await permissions.require(auth, "space.write", { name: "App", place });
      return app;
    }
  }
  throw unprocessable(`App with guid "${guid}" does not exist, or you do not have access to it.`);
}

export async function presentStoredDroplet(
  context: DropletRoutes,
  auth: AuthContext,
  guid: string,
) {
  const droplet = await findDroplet(context.db, guid);
  const app = droplet === undefined ? undefined : await findApp(context.db, droplet.appGuid);
  if (droplet === undefined || app === undefined) throw notFound("Droplet");
  const metadata = await loadMetadata(context.db, "droplet", [guid]);
  const place = { spaceGuid: app.spaceGuid };
  const seesAll = await context.permissions.can(auth, "secrets.read", place);
  return presentDroplet(droplet, context.links, {
    metadata: metadata.get(guid),
    secrets: seesAll ? "all" : "none",
  });
}
