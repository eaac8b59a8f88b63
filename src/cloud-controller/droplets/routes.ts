import { sql } from "kysely";
import { findApp } from "../apps/find-app.ts";
import { visibleApps } from "../apps/require-owned-by-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { dropletBlob } from "../blobs/blob-keys.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { loadMetadata } from "../metadata/metadata.ts";
import { findPackage } from "../packages/find-package.ts";
import { presentStoredDroplet, requireDroplet, type DropletRoutes } from "./droplet-access.ts";
import { presentDroplet } from "./droplet-presenter.ts";
import { toDroplet } from "./droplet-table.ts";
import { registerDropletWrites } from "./write-routes.ts";

type ByGuid = { Params: { guid: string } };

export function registerDroplets(app: ApiServer, context: DropletRoutes): void {
  registerLists(app, context);
  registerSingle(app, context);
  registerDropletWrites(app, context);
}

function registerLists(app: ApiServer, context: DropletRoutes): void {
  app.get("/v3/droplets", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["app_guids", "organization_guids", "space_guids", "states"],
      labels: true,
    });
    return await presentList(context, list, { auth: request.auth, path: "/v3/droplets" });
  });
  app.get<ByGuid>("/v3/apps/:guid/droplets", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, {
      filters: ["states"],
      extra: ["current"],
      check: ({ current }) =>
        current === undefined || current === "true"
          ? undefined
          : "Current only accepts the value 'true'",
      labels: true,
    });
    const owner = await requireApp(context, request.auth, guid);
    const { current } = list.raw;
    return await presentList(context, list, {
      auth: request.auth,
      path: `/v3/apps/${guid}/droplets`,
      appGuid: guid,
      ...(current === undefined ? {} : { guid: owner.dropletGuid ?? "" }),
    });
  });
  app.get<ByGuid>("/v3/packages/:guid/droplets", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: ["states"], labels: true });
    const found = await findPackage(context.db, guid);
    const owner = found === undefined ? undefined : await findApp(context.db, found.appGuid);
    if (owner === undefined) throw notFound("Package");
    await context.permissions.require(request.auth, "space.read", {
      name: "Package",
      place: { spaceGuid: owner.spaceGuid },
    });
    const path = `/v3/packages/${guid}/droplets`;
    return await presentList(context, list, { auth: request.auth, path, packageGuid: guid });
  });
}

function registerSingle(app: ApiServer, context: DropletRoutes): void {
  app.get<ByGuid>("/v3/droplets/:guid", async (request) => {
    const { guid } = request.params;
    await requireDroplet(context, request.auth, { guid, action: "space.read" });
    return await presentStoredDroplet(context, request.auth, guid);
  });
  app.get<ByGuid>("/v3/apps/:guid/droplets/current", async (request) => {
    const owner = await requireApp(context, request.auth, request.params.guid);
    if (owner.dropletGuid === null) throw notFound("Droplet");
    return await presentStoredDroplet(context, request.auth, owner.dropletGuid);
  });
  app.get<ByGuid>("/v3/droplets/:guid/download", async (request, reply) => {
    const { guid } = request.params;
    const { droplet, app: owner } = await requireDroplet(context, request.auth, {
      guid,
      action: "space.read",
    });
    const place = { spaceGuid: owner.spaceGuid };
    if (!(await context.permissions.can(request.auth, "droplet.download", place))) {
      throw new CfError("NotAuthorized");
    }
    if (droplet.lifecycleType === "docker") {
      throw unprocessable("Cannot download droplets with 'docker' lifecycle.");
    }
    if (droplet.state !== "STAGED") throw unprocessable("Only staged droplets can be downloaded.");
    if (droplet.sha1 === null) throw notFound("Droplet");
    const key = dropletBlob(guid, droplet.sha1);
    if ((await context.blobstore.stat(key)) === undefined)
      throw new CfError("BlobstoreUnavailable");
    await recordAuditEvent(context.db, context.clock, {
      type: "audit.app.droplet.download",
      actor: actorOf(request.auth),
      target: { guid: owner.guid, type: "app", name: owner.name },
      spaceGuid: owner.spaceGuid,
      data: { droplet_guid: guid },
    });
    return await reply.redirect(context.blobUrls.forPerson(key), 302);
  });
}

async function requireApp({ db, permissions }: DropletRoutes, auth: AuthContext, guid: string) {
  const owner = await findApp(db, guid);
  if (owner === undefined) throw notFound("App");
  const place = { spaceGuid: owner.spaceGuid };
  await permissions.require(auth, "space.read", { name: "App", place });
  return owner;
}

async function presentList(
  context: DropletRoutes,
  list: ListQuery,
  of: {
    readonly auth: AuthContext;
    readonly path: string;
    readonly appGuid?: string;
    readonly packageGuid?: string;
    readonly guid?: string;
  },
) {
  const { db, links } = context;
  // A droplet that is being staged is nobody's yet: lists leave it out.
  let query = db
    .selectFrom("droplets")
    .selectAll("droplets")
    .where("droplets.state", "!=", "STAGING");
  if (of.appGuid !== undefined) query = query.where("droplets.appGuid", "=", of.appGuid);
  else if (of.packageGuid !== undefined) {
    query = query.where("droplets.packageGuid", "=", of.packageGuid);
  } else query = query.where("droplets.appGuid", "in", visibleApps(context, of.auth, list));
  if (of.guid !== undefined) query = query.where("droplets.guid", "=", of.guid);
  const { states } = list.filters;
  if (states !== undefined) query = query.where(isOneOf(sql.ref("droplets.state"), states));
  const { rows, total } = await fetchPage(query, list, "droplets", "droplet");
  const metadata = await loadMetadata(
    db,
    "droplet",
    rows.map(({ guid }) => guid),
  );
  const resources = rows.map((row) =>
    presentDroplet(toDroplet(row), links, {
      metadata: metadata.get(row.guid),
      secrets: "none-in-lists",
    }),
  );
  return presentPage({ links, path: of.path, list, total, resources });
}
