import { sql } from "kysely";
import { presentDomains } from "../domains/present-domains.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { isOneOf } from "../http/page.ts";
import { policiesOfRoutes } from "../route-policies/present-route-policies.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import type { Route } from "./find-route.ts";
import type { RouteRoutes } from "./route-access.ts";

/** The `included` of a document about these routes. */
export async function includedResources(
  dependencies: RouteRoutes,
  auth: AuthContext,
  { include, routes }: { readonly include: readonly string[]; readonly routes: readonly Route[] },
): Promise<Record<string, unknown>> {
  const { db, links } = dependencies;
  const spaceGuids = routes.map((route) => route.spaceGuid);
  const included: Record<string, unknown> = await includedSpaces(db, links, {
    include,
    spaceGuids,
  });
  if (include.includes("domain")) {
    const domainGuids = routes.map((route) => route.domainGuid);
    const domains = await db
      .selectFrom("domains")
      .selectAll()
      .where(isOneOf(sql.ref("domains.guid"), domainGuids))
      .orderBy("id")
      .execute();
    included["domains"] = await presentDomains(dependencies, auth, domains);
  }
  if (include.includes("route_policies")) {
    const routeGuids = routes.map((route) => route.guid);
    included["route_policies"] = await policiesOfRoutes({ db, links }, routeGuids);
  }
  return included;
}
