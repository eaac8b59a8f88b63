import { sql } from "kysely";
import { findApp } from "../apps/find-app.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { fetchRows, isOneOf, presentPagination } from "../http/page.ts";
import { sendPage } from "../http/send-page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentProcess } from "./process-presenter.ts";
import { toProcesses, type Process } from "./process-table.ts";
import { registerSingleProcesses, type ProcessRoutes } from "./single-process-routes.ts";

const hiddenInLists = "[PRIVATE DATA HIDDEN IN LISTS]";

export function registerProcesses(app: ApiServer, dependencies: ProcessRoutes): void {
  const { db, permissions, limits } = dependencies;

  app.get("/v3/processes", async (request, reply) => {
    const list = parseListQuery(request.query, {
      narrowed: { by: ["app_guids", "space_guids"], perPage: limits.narrowedPageSize },
      filters: ["types", "space_guids", "organization_guids", "app_guids"],
      labels: true,
      embed: ["process_instances"],
    });
    const path = "/v3/processes";
    return sendPage(reply, await processPage(dependencies, request.auth, { list, path }));
  });

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/processes", async (request, reply) => {
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
    const page = await processPage(dependencies, request.auth, { list, path, appGuid: guid });
    return sendPage(reply, page);
  });

  registerSingleProcesses(app, dependencies);
}

async function processPage(
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

  const { rows, total } = await fetchRows(query, list, "processes", "process");
  const processes = toProcesses(rows);
  const [count, metadata, instances] = await Promise.all([
    total(),
    loadMetadata(
      db,
      "process",
      rows.map(({ guid }) => guid),
    ),
    list.embed.length === 0 ? undefined : reports.instances(processes),
  ]);
  return {
    pagination: presentPagination({ links, path, list, total: count }),
    rows: processes,
    present: (process: Process, index: number) =>
      presentProcess(process, {
        links,
        metadata: metadata.get(process.guid) ?? noMetadata,
        spaceGuid: rows[index]?.spaceGuid ?? "",
        command: hiddenInLists,
        ...(instances === undefined ? {} : { instances: instances.get(process.guid) ?? [] }),
      }),
  };
}
