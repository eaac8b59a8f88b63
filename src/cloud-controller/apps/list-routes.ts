import { sql } from "kysely";
import { isNamed } from "../database/name-key.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, type ListQuery, type ListSpec } from "../http/list-query.ts";
import { fetchRows, isOneOf, presentPagination } from "../http/page.ts";
import { sendPage } from "../http/send-page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import type { AppRoutes } from "./app-access.ts";
import { countApps } from "./app-count.ts";
import { presentApp } from "./app-presenter.ts";
import { isLifecycleType, shownColumns, toShownApp } from "./app-table.ts";

/** What may be shown beside apps. */
export const appIncludes = ["space", "org", "space.organization"];

const listSpec: ListSpec = {
  filters: ["names", "organization_guids", "space_guids", "stacks"],
  orderBy: { name: "name", state: "desiredState" },
  labels: true,
  include: appIncludes,
  extra: ["lifecycle_type"],
  check: ({ lifecycle_type: type }) =>
    type === undefined || isLifecycleType(type) ? undefined : `Invalid lifecycle_type: '${type}'`,
};

type Lists = Pick<AppRoutes, "db" | "links" | "permissions">;

/** The apps that the caller may see: all, and those of one stack. */
export function registerAppLists(app: ApiServer, context: Lists): void {
  const { db } = context;
  app.get("/v3/apps", async (request, reply) => {
    const list = parseListQuery(request.query, listSpec);
    return sendPage(reply, await appPage(context, request.auth, { list, path: "/v3/apps" }));
  });

  app.get<{ Params: { guid: string } }>("/v3/stacks/:guid/apps", async (request, reply) => {
    const { guid } = request.params;
    const stack = await db
      .selectFrom("stacks")
      .select("name")
      .where("guid", "=", guid)
      .executeTakeFirst();
    if (stack === undefined) throw notFound("Stack");
    const given = parseListQuery(request.query, listSpec);
    const list = { ...given, filters: { ...given.filters, stacks: [stack.name] } };
    const path = `/v3/stacks/${guid}/apps`;
    return sendPage(reply, await appPage(context, request.auth, { list, path }));
  });
}

async function appPage(
  { db, links, permissions }: Lists,
  auth: AuthContext,
  { list, path }: { readonly list: ListQuery; readonly path: string },
) {
  const { names, space_guids, organization_guids, stacks } = list.filters;
  const visible = permissions.spaces(auth, "space.read", space_guids);
  let query = db.selectFrom("apps").select(shownColumns);
  if (visible !== undefined) query = query.where("apps.spaceGuid", "in", visible);
  else if (space_guids !== undefined) {
    query = query.where(isOneOf(sql.ref("apps.spaceGuid"), space_guids));
  }
  const { lifecycle_type: lifecycleType } = list.raw;
  if (names !== undefined) query = query.where(isNamed("apps.nameKey", names));
  if (organization_guids !== undefined) {
    query = query.where("apps.spaceGuid", "in", (eb) =>
      eb
        .selectFrom("spaces")
        .select("spaces.guid")
        .where(isOneOf(sql.ref("spaces.organizationGuid"), organization_guids)),
    );
  }
  if (stacks !== undefined) {
    const named = isOneOf(sql.ref("apps.stack"), stacks);
    query = query.where((eb) =>
      stacks.includes("") ? eb.or([named, eb("apps.stack", "is", null)]) : named,
    );
  }
  if (lifecycleType !== undefined && isLifecycleType(lifecycleType)) {
    query = query.where("apps.lifecycleType", "=", lifecycleType);
  }
  const { rows, total } = await fetchRows(query, list, "apps", "app");
  const [count, metadata, included] = await Promise.all([
    total(isOfWholeSpaces(list) ? () => countApps(db, visible, space_guids) : undefined),
    loadMetadata(
      db,
      "app",
      rows.map(({ guid }) => guid),
    ),
    list.include.length === 0
      ? undefined
      : includedSpaces(db, links, {
          include: list.include,
          spaceGuids: rows.map(({ spaceGuid }) => spaceGuid),
        }),
  ]);
  return {
    pagination: presentPagination({ links, path, list, total: count }),
    rows,
    present: (row: (typeof rows)[number]) =>
      presentApp(toShownApp(row), { links, metadata: metadata.get(row.guid) ?? noMetadata }),
    included,
  };
}

/** Whether the list has all apps of the spaces that it is of. */
function isOfWholeSpaces({ filters, raw, createdAts, updatedAts, labels }: ListQuery): boolean {
  const others = Object.keys(filters).filter((name) => name !== "space_guids");
  const conditions = others.length + createdAts.length + updatedAts.length + labels.length;
  return conditions === 0 && raw["lifecycle_type"] === undefined;
}
