import type { Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, presentPage } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import type { AppUsageEventTable } from "./app-usage-event-table.ts";
import { purgeAndReseed } from "./purge-and-reseed.ts";

const path = "/v3/app_usage_events";

/** What is used of apps, for who bills: global readers alone see it. */
export function registerAppUsageEvents(
  app: ApiServer,
  {
    db,
    clock,
    links,
    permissions,
  }: {
    readonly db: Database;
    readonly clock: Clock;
    readonly links: Links;
    readonly permissions: Permissions;
  },
): void {
  app.get(path, async (request) => {
    const list = parseUsageQuery(request.query);
    if (!(await permissions.can(request.auth, "platform.read", "platform"))) {
      return presentPage({ links, path, list, total: 0, resources: [] });
    }
    let query = db.selectFrom("appUsageEvents").selectAll("appUsageEvents");
    const after = list.filters["after_guid"]?.[0];
    if (after !== undefined) query = query.where("appUsageEvents.id", ">", await idOf(after));
    const { rows, total } = await fetchPage(query, list, "appUsageEvents");
    const resources = rows.map((row) => presentUsageEvent(row, links));
    return presentPage({ links, path, list, total, resources });
  });

  app.get<{ Params: { guid: string } }>(`${path}/:guid`, async (request) => {
    const mayRead = await permissions.can(request.auth, "platform.read", "platform");
    const event = await db
      .selectFrom("appUsageEvents")
      .selectAll()
      .where("guid", "=", request.params.guid)
      .executeTakeFirst();
    if (event === undefined || !mayRead) throw notFound("App usage event");
    return presentUsageEvent(event, links);
  });

  app.post(`${path}/actions/destructively_purge_all_and_reseed`, async (request) => {
    const mayWrite = await permissions.can(request.auth, "platform.manage", "platform");
    if (!mayWrite) throw new CfError("NotAuthorized");
    await purgeAndReseed(db, clock);
    return {};
  });

  async function idOf(guid: string): Promise<number> {
    const event = await db
      .selectFrom("appUsageEvents")
      .select("id")
      .where("guid", "=", guid)
      .executeTakeFirst();
    if (event !== undefined) return event.id;
    throw unprocessable("After guid filter must be a valid app usage event guid.");
  }
}

/** Here the original answers a query that is wrong with 422, elsewhere with 400. */
function parseUsageQuery(query: unknown): ListQuery {
  try {
    const list = parseListQuery(query, {
      filters: ["after_guid"],
      orderOnlyBy: { created_at: "createdAt" },
    });
    if (Object.keys(list.raw).some((key) => key.startsWith("updated_ats"))) {
      throw unprocessable("Filtering by 'updated_ats' is not allowed on this resource.");
    }
    if ((list.filters["after_guid"] ?? []).length > 1) {
      throw unprocessable("After guid filter accepts only one guid");
    }
    return list;
  } catch (error) {
    if (!(error instanceof CfError) || error.title !== "BadQueryParameter") throw error;
    throw unprocessable(error.message.replace("The query parameter is invalid: ", ""));
  }
}

function presentUsageEvent(event: Selectable<AppUsageEventTable>, links: Links) {
  return {
    guid: event.guid,
    created_at: presentTimestamp(event.createdAt),
    updated_at: presentTimestamp(event.createdAt),
    state: { current: event.state, previous: event.previousState },
    app: { guid: event.appGuid, name: event.appName },
    process: { guid: event.processGuid, type: event.processType },
    space: { guid: event.spaceGuid, name: event.spaceName },
    organization: { guid: event.organizationGuid },
    buildpack: { guid: event.buildpackGuid, name: event.buildpackName },
    task: { guid: event.taskGuid, name: event.taskName },
    memory_in_mb_per_instance: {
      current: event.memoryInMbPerInstance,
      previous: event.previousMemoryInMbPerInstance,
    },
    instance_count: { current: event.instanceCount, previous: event.previousInstanceCount },
    links: { self: links.to(`${path}/${event.guid}`) },
  };
}
