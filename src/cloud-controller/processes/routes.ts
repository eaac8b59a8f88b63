import { sql } from "kysely";
import { findApp } from "../apps/find-app.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentProcess } from "./process-presenter.ts";
import { toProcesses } from "./process-table.ts";
import { registerSingleProcesses, type ProcessRoutes } from "./single-process-routes.ts";

const hiddenInLists = "[PRIVATE DATA HIDDEN IN LISTS]";

export function registerProcesses(app: ApiServer, dependencies: ProcessRoutes): void {
  const { db, permissions, limits } = dependencies;

  app.get("/v3/processes", async (request) => {
    const list = parseListQuery(request.query, {
      narrowed: { by: ["app_guids", "space_guids"], perPage: limits.narrowedPageSize },
      filters: ["types", "app_guids", "space_guids", "organization_guids"],
      labels: true,
      embed: ["process_instances"],
    });
    return await presentList(dependencies, request.auth, { list, path: "/v3/processes" });
  });

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/processes", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, {
      filters: ["types"],
      labels: true,
      embed: ["process_instances"],
    });
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.read", { name: "App", place });
    const path = `/v3/apps/${guid}/processes`;
    return await presentList(dependencies, request.auth, { list, path, appGuid: guid });
  });

  registerSingleProcesses(app, dependencies);
}

async function presentList(
  { db, permissions, links, reports }: ProcessRoutes,
  auth: AuthContext,
  {
    list,
    path,
    appGuid,
  }: { readonly list: ListQuery; readonly path: string; readonly appGuid?: string },
) {
  const { types, app_guids, space_guids, organization_guids } = list.filters;
  const visible = permissions.spaces(auth, "space.read", space_guids);
  let query = db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .selectAll("processes")
    .select("apps.spaceGuid");
  if (visible !== undefined) query = query.where("apps.spaceGuid", "in", visible);
  else if (space_guids !== undefined) {
    query = query.where(isOneOf(sql.ref("apps.spaceGuid"), space_guids));
  }
  if (organization_guids !== undefined) {
    query = query.where("apps.spaceGuid", "in", (eb) =>
      eb
        .selectFrom("spaces as place")
        .select("place.guid")
        .where(isOneOf(sql.ref("place.organizationGuid"), organization_guids)),
    );
  }
  if (appGuid !== undefined) query = query.where("processes.appGuid", "=", appGuid);
  if (app_guids !== undefined)
    query = query.where(isOneOf(sql.ref("processes.appGuid"), app_guids));
  if (types !== undefined) query = query.where(isOneOf(sql.ref("processes.type"), types));

  const page = await fetchPage(query, list, "processes", "process");
  const processes = toProcesses(page.rows);
  const guids = processes.map((process) => process.guid);
  const metadata = await loadMetadata(db, "process", guids);
  const instances = list.embed.length === 0 ? undefined : await reports.instances(processes);
  return presentPage({
    links,
    path,
    list,
    total: page.total,
    resources: processes.map((process, index) =>
      presentProcess(process, {
        links,
        metadata: metadata.get(process.guid) ?? noMetadata,
        spaceGuid: page.rows[index]?.spaceGuid ?? "",
        command: hiddenInLists,
        ...(instances === undefined ? {} : { instances: instances.get(process.guid) ?? [] }),
      }),
    ),
  });
}
