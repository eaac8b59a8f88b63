import { sql } from "kysely";
import type { LogCacheClient } from "#log-cache/client.ts";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp, visibleApps } from "../apps/require-owned-by-app.ts";
import type { Database } from "../database/schema.ts";
import { findDropletOfBuild } from "../droplets/find-droplet.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { withWarnings } from "../http/warnings.ts";
import { loadMetadata } from "../metadata/metadata.ts";
import { findPackage } from "../packages/find-package.ts";
import { stackVerdict } from "../stacks/stack-state.ts";
import { buildKey } from "../staging/build-ending.ts";
import type { StagingCancellation } from "../staging/staging-cancellation.ts";
import { createBuild, type BuildCreation } from "./build-create.ts";
import { presentBuild } from "./build-presenter.ts";
import { toBuild, type Build } from "./build-table.ts";
import { findBuild } from "./find-build.ts";
import { updateBuild } from "./build-update.ts";
import { buildCreateMessage } from "./messages.ts";
import { waitForLogReader } from "./wait-for-log-reader.ts";

export interface BuildRoutes extends BuildCreation {
  readonly permissions: Permissions;
  readonly links: Links;
  readonly longPoll: LongPoll;
  readonly logCache: Pick<LogCacheClient, "tail">;
  readonly cancellation: StagingCancellation;
}

type ByGuid = { Params: { guid: string } };

export function registerBuilds(app: ApiServer, context: BuildRoutes): void {
  const { db, permissions, longPoll } = context;
  app.post("/v3/builds", async (request, reply) => {
    const message = parseMessage(buildCreateMessage, request.body);
    const found = await findPackage(db, message.package.guid);
    const owner = found === undefined ? undefined : await findApp(db, found.appGuid);
    const place = owner === undefined ? undefined : { spaceGuid: owner.spaceGuid };
    const mayUse =
      place !== undefined && (await permissions.can(request.auth, "apps.manage", place));
    // Never 403 or 404 here: whether the package exists is not told.
    if (found === undefined || owner === undefined || !mayUse) {
      throw unprocessable(
        "Unable to use package. Ensure that the package exists and you have access to it.",
      );
    }
    await permissions.require(request.auth, "apps.manage", { name: "App", place });
    const build = await createBuild(context, { message, found, app: owner, auth: request.auth });
    const { stack, appGuid } = build;
    const verdict = await stackVerdict(db, { stack, appGuid });
    if (verdict.kind === "usable") withWarnings(reply, verdict.warnings);
    return await reply.status(201).send(await presentBuildOf(context, build.guid));
  });
  app.get("/v3/builds", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["app_guids", "package_guids", "states"],
      labels: true,
    });
    return await presentList(context, list, { auth: request.auth, path: "/v3/builds" });
  });
  app.get<ByGuid>("/v3/apps/:guid/builds", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: ["states"], labels: true });
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.read", { name: "App", place });
    const path = `/v3/apps/${guid}/builds`;
    return await presentList(context, list, { auth: request.auth, path, appGuid: guid });
  });
  app.get<ByGuid>("/v3/builds/:guid", async (request, reply) => {
    const { guid } = request.params;
    await requireBuild(context, request.auth, { guid, action: "space.read" });
    const after = await longPoll.hold(request, reply, {
      key: buildKey(guid),
      read: () => findBuild(db, guid),
      isPending: (build) => build?.state === "STAGING",
    });
    // It may have ended between two polls of somebody who has not read the log's end yet.
    const ended = after !== undefined && after.state !== "STAGING";
    // Who prefers a wait of its own choosing (RFC 7240) knows our polls and reads the log to its end; the official
    // client never sends the header.
    if (ended && request.headers["prefer"] === undefined) {
      await waitForLogReader(context, after);
    }
    return await presentBuildOf(context, guid);
  });
  // Of our own: the original cannot end a staging, and its clients wait or get the 422 of a second build.
  app.post<ByGuid>("/rivera/v1/builds/:guid/cancel", async (request) => {
    const { guid } = request.params;
    const build = await requireBuild(context, request.auth, { guid, action: "apps.manage" });
    if (!(await context.cancellation.cancelBuild(guid, actorOf(request.auth)))) {
      const { state } = (await findBuild(db, guid)) ?? build;
      throw unprocessable(`Build state is ${state} and therefore cannot be canceled`);
    }
    return await presentBuildOf(context, guid);
  });
  app.patch<ByGuid>("/v3/builds/:guid", async (request) => {
    const { guid } = request.params;
    await updateBuild(context, request.auth, { guid, body: request.body });
    return await presentBuildOf(context, guid);
  });
}

async function requireBuild(
  context: BuildRoutes,
  auth: AuthContext,
  wanted: { readonly guid: string; readonly action: Action },
): Promise<Build> {
  const { resource } = await requireOwnedByApp(context, auth, {
    name: "Build",
    resource: await findBuild(context.db, wanted.guid),
    action: wanted.action,
  });
  return resource;
}

export async function presentBuildOf(
  { db, links }: { readonly db: Database; readonly links: Links },
  guid: string,
) {
  const build = await findBuild(db, guid);
  if (build === undefined) throw notFound("Build");
  const metadata = await loadMetadata(db, "build", [guid]);
  const droplet = await findDropletOfBuild(db, guid);
  return presentBuild(build, links, { droplet, metadata: metadata.get(guid) });
}

async function presentList(
  context: BuildRoutes,
  list: ListQuery,
  of: { readonly auth: AuthContext; readonly path: string; readonly appGuid?: string },
) {
  const { db, links } = context;
  const { states, package_guids } = list.filters;
  let query = db.selectFrom("builds").selectAll("builds");
  query =
    of.appGuid === undefined
      ? query.where("builds.appGuid", "in", visibleApps(context, of.auth, list))
      : query.where("builds.appGuid", "=", of.appGuid);
  if (states !== undefined) query = query.where(isOneOf(sql.ref("builds.state"), states));
  if (package_guids !== undefined) {
    query = query.where(isOneOf(sql.ref("builds.packageGuid"), package_guids));
  }
  const { rows, total } = await fetchPage(query, list, "builds", "build");
  const guids = rows.map(({ guid }) => guid);
  const metadata = await loadMetadata(db, "build", guids);
  const droplets = await db
    .selectFrom("droplets")
    .select(["guid", "state", "buildGuid"])
    .where(isOneOf(sql.ref("buildGuid"), guids))
    .execute();
  const ofBuild = new Map(droplets.map((droplet) => [droplet.buildGuid, droplet]));
  const resources = rows.map((row) =>
    presentBuild(toBuild(row), links, {
      droplet: ofBuild.get(row.guid),
      metadata: metadata.get(row.guid),
    }),
  );
  return presentPage({ links, path: of.path, list, total, resources });
}
