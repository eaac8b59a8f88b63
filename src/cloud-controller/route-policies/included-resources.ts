import { sql } from "kysely";
import { presentApp } from "../apps/app-presenter.ts";
import { toApp } from "../apps/app-table.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentOrganizations } from "../organizations/included-organizations.ts";
import { selectRoutes, toRoute } from "../routes/find-route.ts";
import { presentRoutes } from "../routes/route-access.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import type { RoutePolicy } from "./route-policy-presenter.ts";

interface Inclusion {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

/** The routes of policies, and their sources; a source that is gone, or that the reader may not see, is left out. */
export async function includedResources(
  dependencies: Inclusion,
  auth: AuthContext,
  {
    include,
    policies,
  }: { readonly include: readonly string[]; readonly policies: readonly RoutePolicy[] },
): Promise<Record<string, unknown>> {
  const included: Record<string, unknown> = {};
  if (include.includes("source")) {
    const guids = (type: RoutePolicy["sourceType"]) =>
      policies.filter((policy) => policy.sourceType === type).map((policy) => policy.sourceGuid);
    included["apps"] = await visibleApps(dependencies, auth, guids("app"));
    included["spaces"] = await visibleSpaces(dependencies, auth, guids("space"));
    included["organizations"] = await visibleOrganizations(dependencies, auth, guids("org"));
  }
  if (include.includes("route")) {
    const rows = await selectRoutes(dependencies.db)
      .where(
        isOneOf(
          sql.ref("routes.guid"),
          policies.map((policy) => policy.routeGuid),
        ),
      )
      .orderBy("routes.id")
      .execute();
    included["routes"] = await presentRoutes(dependencies, rows.map(toRoute));
  }
  return included;
}

async function visibleApps(
  { db, links, permissions }: Inclusion,
  auth: AuthContext,
  guids: readonly string[],
) {
  const readable = permissions.spaces(auth, "space.read");
  let query = db
    .selectFrom("apps")
    .selectAll()
    .where(isOneOf(sql.ref("apps.guid"), guids))
    .orderBy("id");
  if (readable !== undefined) query = query.where("spaceGuid", "in", readable);
  const apps = (await query.execute()).map(toApp);
  const found = apps.map((app) => app.guid);
  const metadata = await loadMetadata(db, "app", found);
  return apps.map((app) =>
    presentApp(app, { links, metadata: metadata.get(app.guid) ?? noMetadata }),
  );
}

async function visibleSpaces(
  { db, links, permissions }: Inclusion,
  auth: AuthContext,
  guids: readonly string[],
) {
  const readable = permissions.spaces(auth, "space.read");
  let query = db
    .selectFrom("spaces")
    .select("guid")
    .where(isOneOf(sql.ref("spaces.guid"), guids));
  if (readable !== undefined) query = query.where("guid", "in", readable);
  const spaceGuids = (await query.execute()).map((space) => space.guid);
  const included = await includedSpaces(db, links, { include: ["space"], spaceGuids });
  return included["spaces"];
}

async function visibleOrganizations(
  { db, links, permissions }: Inclusion,
  auth: AuthContext,
  guids: readonly string[],
) {
  const readable = permissions.organizations(auth, "organization.read");
  let query = db
    .selectFrom("organizations")
    .select("guid")
    .where(isOneOf(sql.ref("organizations.guid"), guids));
  if (readable !== undefined) query = query.where("guid", "in", readable);
  const found = (await query.execute()).map((organization) => organization.guid);
  return await presentOrganizations(db, links, found);
}
