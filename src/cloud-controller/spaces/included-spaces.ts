import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganizations } from "../organizations/included-organizations.ts";
import { presentSpace } from "./space-presenter.ts";

/** For `include=space` and `include=space.organization` of resources that live in spaces. */
export async function includedSpaces(
  db: Database,
  links: Links,
  request: { readonly include: readonly string[]; readonly spaceGuids: readonly string[] },
): Promise<Record<string, unknown>> {
  const wantsOrganizations = request.include.some((value) => /^(space\.)?org/.test(value));
  const wantsSpaces = wantsOrganizations || request.include.includes("space");
  if (!wantsSpaces) return {};
  const rows = await db
    .selectFrom("spaces")
    .selectAll()
    .where(isOneOf(sql.ref("spaces.guid"), [...new Set(request.spaceGuids)]))
    .orderBy("id")
    .execute();
  const metadata = await loadMetadata(
    db,
    "space",
    rows.map((row) => row.guid),
  );
  const owners = rows.map((row) => row.organizationGuid);
  return {
    spaces: rows.map((row) =>
      presentSpace(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
    ),
    ...(wantsOrganizations ? { organizations: await presentOrganizations(db, links, owners) } : {}),
  };
}
