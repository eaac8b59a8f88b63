import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp, visibleApps } from "../apps/require-owned-by-app.ts";
import type { App } from "../apps/app-table.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery, parseQuery, type ListQuery } from "../http/list-query.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { withWarnings } from "../http/warnings.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { acceptJob } from "../jobs/routes.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import type { MatchReferences } from "../resource-matches/match-references.ts";
import type { ResourceCacheConfig } from "../resource-matches/resource-cache-config.ts";
import { findPackage } from "./find-package.ts";
import {
  hasPackageType,
  packageCopyMessage,
  packageCreateMessage,
  packageUpdateMessage,
  typelessPackageMessage,
} from "./messages.ts";
import type { PackageCopies } from "./package-copy.ts";
import { createPackage, createPackageCopy } from "./package-create.ts";
import type { PackageLeases } from "./package-leases.ts";
import { packageDelete } from "./package-delete.ts";
import { presentPackage } from "./package-presenter.ts";
import type { PackageProcessing } from "./package-processing.ts";
import { packageKey, type Package } from "./package-table.ts";
import { uploadPackage } from "./package-upload.ts";
import type { UploadWorkspaces } from "./upload-workspaces.ts";
import { registerUploads } from "./upload-scope.ts";

export interface PackageRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly permissions: Permissions;
  readonly links: Links;
  readonly longPoll: LongPoll;
  readonly jobs: Jobs;
  readonly blobstore: Blobstore;
  readonly blobUrls: BlobUrls;
  readonly processing: PackageProcessing;
  readonly copies: PackageCopies;
  readonly leases: PackageLeases;
  readonly workspaces: UploadWorkspaces;
  readonly maximumUploadBytes: number;
  readonly matching: ResourceCacheConfig["matching"];
  readonly matchReferences: MatchReferences;
}

type ByGuid = { Params: { guid: string } };

const filters = ["states", "types", "app_guids", "space_guids", "organization_guids"];
const pending = new Set(["PROCESSING_UPLOAD", "COPYING"]);

export function registerPackages(app: ApiServer, context: PackageRoutes): void {
  registerReads(app, context);
  registerWrites(app, context);
  registerUploads(app, (scope) => {
    scope.post<ByGuid>("/v3/packages/:guid/upload", async (request, reply) => {
      const owned = await requirePackage(context, request.auth, {
        guid: request.params.guid,
        action: "space.write",
      });
      if (!request.auth.isAdmin) await requireEnabled(context.db, "app_bits_upload");
      withWarnings(reply, await uploadPackage(context, request, owned));
      return await present(context, owned.found.guid);
    });
  });
}

function registerReads(app: ApiServer, context: PackageRoutes): void {
  const { db, clock, permissions, longPoll, blobUrls } = context;
  app.get("/v3/packages", async (request) => {
    const list = parseListQuery(request.query, { filters, labels: true });
    return await presentList(context, list, { auth: request.auth, path: "/v3/packages" });
  });
  app.get<ByGuid>("/v3/apps/:guid/packages", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: ["states", "types"], labels: true });
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    await permissions.require(request.auth, "space.read", {
      name: "App",
      place: { spaceGuid: owner.spaceGuid },
    });
    const path = `/v3/apps/${guid}/packages`;
    return await presentList(context, list, { auth: request.auth, path, appGuid: guid });
  });
  app.get<ByGuid>("/v3/packages/:guid", async (request, reply) => {
    const { guid } = request.params;
    await requirePackage(context, request.auth, { guid, action: "space.read" });
    await longPoll.hold(request, reply, {
      key: packageKey(guid),
      read: () => findPackage(db, guid),
      isPending: (found) => found !== undefined && pending.has(found.state),
    });
    return await present(context, guid);
  });
  app.get<ByGuid>("/v3/packages/:guid/download", async (request, reply) => {
    const { found, app: owner } = await requirePackage(context, request.auth, {
      guid: request.params.guid,
      action: "secrets.read",
    });
    if (found.type !== "bits") throw unprocessable("Package type must be bits.");
    if (found.state !== "READY") throw unprocessable("Package has no bits to download.");
    await recordAuditEvent(db, clock, {
      type: "audit.app.package.download",
      actor: actorOf(request.auth),
      target: { guid: owner.guid, type: "app", name: owner.name },
      spaceGuid: owner.spaceGuid,
      data: { package_guid: found.guid },
    });
    return await reply.redirect(blobUrls.forPerson(packageBlob(found.guid)), 302);
  });
}

function registerWrites(app: ApiServer, context: PackageRoutes): void {
  const { db, clock, links, jobs } = context;
  app.post("/v3/packages", async (request, reply) => {
    const { source_guid: sourceGuid } = parseQuery(request.query, ["source_guid"]);
    const created =
      sourceGuid === undefined
        ? await create(context, request.auth, request.body)
        : await copy(context, request.auth, { sourceGuid, body: request.body });
    return await reply.status(201).send(await present(context, created.guid));
  });
  app.patch<ByGuid>("/v3/packages/:guid", async (request) => {
    const { guid } = request.params;
    const message = parseMessage(packageUpdateMessage, request.body);
    const username = message.username ?? undefined;
    const password = message.password ?? undefined;
    const { found } = await requirePackage(context, request.auth, { guid, action: "space.read" });
    if (found.type !== "docker" && (username !== undefined || password !== undefined)) {
      throw unprocessable("Cannot update Docker credentials for a buildpack app.");
    }
    await requirePackage(context, request.auth, { guid, action: "space.write" });
    await db.transaction().execute(async (tx) => {
      await updateMetadata(tx, { type: "package", guid: found.guid }, message.metadata);
      await tx
        .updateTable("packages")
        .set({
          ...touched(clock),
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
        })
        .where("guid", "=", found.guid)
        .execute();
    });
    return await present(context, found.guid);
  });
  jobs.handle(packageDelete(context));
  app.delete<ByGuid>("/v3/packages/:guid", async (request, reply) => {
    const { found } = await requirePackage(context, request.auth, {
      guid: request.params.guid,
      action: "space.write",
    });
    const job = await jobs.enqueue({
      operation: "package.delete",
      payload: {},
      resource: { guid: found.guid, type: "package" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

async function create(context: PackageRoutes, auth: AuthContext, body: unknown): Promise<Package> {
  if (!hasPackageType(body)) parseMessage(typelessPackageMessage, body);
  const message = parseMessage(packageCreateMessage, body);
  const app = await writableApp(context, auth, message.relationships.app.data.guid);
  return await createPackage(context, { message, app, auth });
}

async function copy(
  context: PackageRoutes,
  auth: AuthContext,
  request: { readonly sourceGuid: string; readonly body: unknown },
): Promise<Package> {
  const app = await writableApp(context, auth, parseMessage(packageCopyMessage, request.body));
  const source = await findPackage(context.db, request.sourceGuid);
  const owner = source === undefined ? undefined : await findApp(context.db, source.appGuid);
  const place = owner === undefined ? undefined : { spaceGuid: owner.spaceGuid };
  if (
    source === undefined ||
    place === undefined ||
    !(await context.permissions.can(auth, "space.read", place))
  ) {
    throw unprocessable("Source package is invalid. Ensure it exists and you have access to it.");
  }
  await context.permissions.require(auth, "space.write", { name: "Package", place });
  if (source.appGuid === app.guid) {
    throw unprocessable("Source and destination app cannot be the same");
  }
  const created = await createPackageCopy(context, { source, app, auth });
  if (created.state === "COPYING") context.copies.start(source, created);
  return created;
}

async function writableApp(
  { db, permissions }: PackageRoutes,
  auth: AuthContext,
  guid: string,
): Promise<App> {
  const app = await findApp(db, guid);
  const place = app === undefined ? undefined : { spaceGuid: app.spaceGuid };
  if (
    app === undefined ||
    place === undefined ||
    !(await permissions.can(auth, "space.read", place))
  ) {
    throw unprocessable("App is invalid. Ensure it exists and you have access to it.");
  }
  await permissions.require(auth, "space.write", { name: "App", place });
  return app;
}

async function requirePackage(
  context: PackageRoutes,
  auth: AuthContext,
  wanted: { readonly guid: string; readonly action: Action },
): Promise<{ readonly found: Package; readonly app: App }> {
  const { resource, app } = await requireOwnedByApp(context, auth, {
    name: "Package",
    resource: await findPackage(context.db, wanted.guid),
    action: wanted.action,
  });
  return { found: resource, app };
}

async function present({ db, links }: PackageRoutes, guid: string) {
  const found = await findPackage(db, guid);
  if (found === undefined) throw notFound("Package");
  const metadata = await loadMetadata(db, "package", [guid]);
  return presentPackage(found, links, metadata.get(guid));
}

async function presentList(
  context: PackageRoutes,
  list: ListQuery,
  {
    auth,
    path,
    appGuid,
  }: { readonly auth: AuthContext; readonly path: string; readonly appGuid?: string },
) {
  const { db, links } = context;
  const { states, types } = list.filters;
  let query = db.selectFrom("packages").selectAll("packages");
  query =
    appGuid === undefined
      ? query.where("packages.appGuid", "in", visibleApps(context, auth, list))
      : query.where("packages.appGuid", "=", appGuid);
  if (states !== undefined) query = query.where(isOneOf(sql.ref("packages.state"), states));
  if (types !== undefined) query = query.where(isOneOf(sql.ref("packages.type"), types));
  const { rows, total } = await fetchPage(query, list, "packages", "package");
  const metadata = await loadMetadata(
    db,
    "package",
    rows.map(({ guid }) => guid),
  );
  const resources = rows.map((row) =>
    presentPackage(row, links, metadata.get(row.guid) ?? noMetadata),
  );
  return presentPage({ links, path, list, total, resources });
}
