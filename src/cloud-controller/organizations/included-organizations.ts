import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganization } from "./organization-presenter.ts";

/** For `include=organization`: each of these organizations once. */
export async function presentOrganizations(db: Database, links: Links, guids: readonly string[]) {
  const rows = await db
    .selectFrom("organizations")
    .selectAll()
    .where(isOneOf(sql.ref("organizations.guid"), [...new Set(guids)]))
    .orderBy("id")
    .execute();
  const metadata = await loadMetadata(
    db,
    "organization",
    rows.map((row) => row.guid),
  );
  return rows.map((row) =>
    presentOrganization(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
  );
}
