import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { sharedSegmentGuid } from "./isolation-segment-table.ts";

/**
 * By space: the name of the segment that its apps run in, which is what cells of the segment carry as a tag. The
 * space's own goes before its organization's default; the shared segment has no tag, and is no reason to ask the
 * organization.
 */
export async function placementTags(
  db: Executor,
  spaceGuids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom("spaces")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .innerJoin("isolationSegments", (join) =>
      join.on("isolationSegments.guid", "=", (eb) =>
        eb.fn.coalesce("spaces.isolationSegmentGuid", "organizations.defaultIsolationSegmentGuid"),
      ),
    )
    .select(["spaces.guid as spaceGuid", "isolationSegments.name"])
    .where(isOneOf(sql.ref("spaces.guid"), spaceGuids))
    .where("isolationSegments.guid", "!=", sharedSegmentGuid)
    .execute();
  return new Map(rows.map(({ spaceGuid, name }) => [spaceGuid, name]));
}
