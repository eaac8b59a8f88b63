import { isNamed } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { ListQuery, ListSpec } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, presentPage } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganization } from "./organization-presenter.ts";

export const organizationListSpec: ListSpec = {
  filters: ["names"],
  orderBy: { name: "name" },
  labels: true,
};

/** A page of the organizations that the caller may see: all, or those entitled to an isolation segment. */
export async function listOrganizations(
  {
    db,
    links,
    permissions,
  }: { readonly db: Database; readonly links: Links; readonly permissions: Permissions },
  auth: AuthContext,
  {
    list,
    path,
    isolationSegmentGuid,
  }: { readonly list: ListQuery; readonly path: string; readonly isolationSegmentGuid?: string },
) {
  const visible = permissions.organizations(auth, "organization.read");
  let query = db.selectFrom("organizations").selectAll("organizations");
  if (visible !== undefined) query = query.where("organizations.guid", "in", visible);
  if (isolationSegmentGuid !== undefined) {
    query = query.where("organizations.guid", "in", (eb) =>
      eb
        .selectFrom("isolationSegmentEntitlements as entitled")
        .select("entitled.organizationGuid")
        .where("entitled.isolationSegmentGuid", "=", isolationSegmentGuid),
    );
  }
  const { names } = list.filters;
  if (names !== undefined) query = query.where(isNamed("organizations.nameKey", names));
  const page = await fetchPage(query, list, "organizations", "organization");
  const guids = page.rows.map(({ guid }) => guid);
  const metadata = await loadMetadata(db, "organization", guids);
  const resources = page.rows.map((row) =>
    presentOrganization(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
  );
  return presentPage({ links, path, list, total: page.total, resources });
}
