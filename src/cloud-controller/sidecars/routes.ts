import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import type { Database } from "../database/schema.ts";
import { sql } from "kysely";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { findProcess } from "../processes/find-process.ts";
import { findSidecar, sidecarsOfApp } from "./find-sidecar.ts";
import { createSidecarMessage, updateSidecarMessage } from "./messages.ts";
import { createSidecar } from "./sidecar-create.ts";
import { presentSidecar } from "./sidecar-presenter.ts";
import { toSidecar, type Sidecar } from "./sidecar-table.ts";
import { updateSidecar } from "./sidecar-update.ts";

export interface SidecarRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

type ByGuid = { Params: { guid: string } };

export function registerSidecars(app: ApiServer, dependencies: SidecarRoutes): void {
  registerSidecarsOfApps(app, dependencies);
  registerSidecarsOfProcesses(app, dependencies);
  registerSingleSidecars(app, dependencies);
}

function registerSidecarsOfApps(app: ApiServer, dependencies: SidecarRoutes): void {
  const { db, clock, permissions } = dependencies;
  const path = "/v3/apps/:guid/sidecars";

  app.get<ByGuid>(path, async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: [] });
    await requireApp(dependencies, request.auth, { guid, action: "space.read" });
    const query = db.selectFrom("sidecars").selectAll("sidecars").where("appGuid", "=", guid);
    const { rows, total } = await fetchPage(query, list, "sidecars");
    return presentList(dependencies, { list, path: `/v3/apps/${guid}/sidecars`, rows, total });
  });

  // The app comes before the body here, as in the original.
  app.post<ByGuid>(path, async (request, reply) => {
    const { guid: appGuid } = request.params;
    await requireApp(dependencies, request.auth, { guid: appGuid, action: "space.write" });
    const message = parseMessage(createSidecarMessage, request.body);
    const { name, command, process_types: processTypes, memory_in_mb: memoryInMb } = message;
    const sidecar = { name, command, processTypes, memoryInMb: memoryInMb ?? null };
    const created = await db
      .transaction()
      .execute((tx) => createSidecar(tx, clock, { appGuid, sidecar, origin: "user" }));
    return await reply.status(201).send(presentSidecar(created));
  });

  async function requireApp(
    { db: database }: SidecarRoutes,
    auth: AuthContext,
    { guid, action }: { readonly guid: string; readonly action: Action },
  ): Promise<void> {
    const found = await findApp(database, guid);
    if (found === undefined) throw notFound("App");
    await permissions.require(auth, action, { name: "App", place: { spaceGuid: found.spaceGuid } });
  }
}

function registerSidecarsOfProcesses(app: ApiServer, dependencies: SidecarRoutes): void {
  const { db } = dependencies;
  app.get<ByGuid>("/v3/processes/:guid/sidecars", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: [] });
    const { resource: process } = await requireOwnedByApp(dependencies, request.auth, {
      name: "Process",
      resource: await findProcess(db, guid),
      action: "space.read",
    });
    const guids = (await sidecarsOfApp(db, process.appGuid))
      .filter(({ processTypes }) => processTypes.includes(process.type))
      .map((sidecar) => sidecar.guid);
    const query = db
      .selectFrom("sidecars")
      .selectAll("sidecars")
      .where(isOneOf(sql.ref("sidecars.guid"), guids));
    const { rows, total } = await fetchPage(query, list, "sidecars");
    return presentList(dependencies, { list, path: `/v3/processes/${guid}/sidecars`, rows, total });
  });
}

function registerSingleSidecars(app: ApiServer, dependencies: SidecarRoutes): void {
  const { db, clock } = dependencies;
  const path = "/v3/sidecars/:guid";

  app.get<ByGuid>(path, async (request) => presentSidecar(await find(request, "space.read")));

  app.patch<ByGuid>(path, async (request) => {
    const sidecar = await find(request, "space.write");
    const message = parseMessage(updateSidecarMessage, request.body);
    await db.transaction().execute((tx) => updateSidecar(tx, clock, { sidecar, message }));
    return presentSidecar((await findSidecar(db, sidecar.guid)) ?? sidecar);
  });

  app.delete<ByGuid>(path, async (request, reply) => {
    const { guid } = await find(request, "space.write");
    await db.deleteFrom("sidecars").where("guid", "=", guid).execute();
    return await reply.status(204).send();
  });

  async function find(
    request: { readonly params: { readonly guid: string }; readonly auth: AuthContext },
    action: Action,
  ): Promise<Sidecar> {
    const { resource } = await requireOwnedByApp(dependencies, request.auth, {
      name: "Sidecar",
      resource: await findSidecar(db, request.params.guid),
      action,
    });
    return resource;
  }
}

function presentList(
  { links }: SidecarRoutes,
  page: {
    readonly list: ListQuery;
    readonly path: string;
    readonly rows: readonly Parameters<typeof toSidecar>[0][];
    readonly total: number;
  },
) {
  const resources = page.rows.map((row) => presentSidecar(toSidecar(row)));
  return presentPage({ links, path: page.path, list: page.list, total: page.total, resources });
}
