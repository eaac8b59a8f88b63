import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import { badQuery, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { presentSecurityGroup } from "./security-group-presenter.ts";

/** The platform's own groups, for all to read; changing them is a later matter. */
export function registerSecurityGroups(
  app: ApiServer,
  { db, links }: { readonly db: Database; readonly links: Links },
): void {
  app.get("/v3/security_groups", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "running_space_guids", "staging_space_guids"],
      extra: ["globally_enabled_running", "globally_enabled_staging"],
    });
    let query = db.selectFrom("securityGroups").selectAll("securityGroups");
    const { names } = list.filters;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("security_groups.name"), names));
    const running = flagOf(list.raw["globally_enabled_running"], "Globally enabled running");
    if (running !== undefined) query = query.where("runningDefault", "=", running);
    const staging = flagOf(list.raw["globally_enabled_staging"], "Globally enabled staging");
    if (staging !== undefined) query = query.where("stagingDefault", "=", staging);
    const page = await fetchPage(query, list, "securityGroups");
    return presentPage({
      links,
      path: "/v3/security_groups",
      list,
      total: page.total,
      resources: page.rows.map((row) => presentSecurityGroup(row, links)),
    });
  });

  app.get<{ Params: { guid: string } }>("/v3/security_groups/:guid", async (request) => {
    const group = await db
      .selectFrom("securityGroups")
      .selectAll()
      .where("guid", "=", request.params.guid)
      .executeTakeFirst();
    if (group === undefined) throw notFound("Security group");
    return presentSecurityGroup(group, links);
  });
}

function flagOf(text: string | undefined, attribute: string): 0 | 1 | undefined {
  if (text === undefined) return undefined;
  if (text !== "true" && text !== "false") throw badQuery(`${attribute} must be 'true' or 'false'`);
  return text === "true" ? 1 : 0;
}
