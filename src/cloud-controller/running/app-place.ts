import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { AppPlace } from "./vcap-application.ts";

/** Names and guids of spaces and their organizations, by space. */
export async function appPlaces(
  db: Executor,
  spaceGuids: readonly string[],
): Promise<ReadonlyMap<string, AppPlace>> {
  const rows = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .select([
      "spaces.guid as spaceGuid",
      "spaces.name as spaceName",
      "organizations.guid as organizationGuid",
      "organizations.name as organizationName",
    ])
    .where(isOneOf(sql.ref("spaces.guid"), spaceGuids))
    .execute();
  return new Map(rows.map((row) => [row.spaceGuid, row]));
}

export async function appPlace(db: Executor, spaceGuid: string): Promise<AppPlace> {
  const place = (await appPlaces(db, [spaceGuid])).get(spaceGuid);
  if (place === undefined) throw new Error(`There is no space ${spaceGuid}`);
  return place;
}
