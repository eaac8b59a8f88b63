import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentRoutePolicy, type RoutePolicy } from "./route-policy-presenter.ts";

interface Presentation {
  readonly db: Executor;
  readonly links: Links;
}

export async function presentRoutePolicies(
  { db, links }: Presentation,
  policies: readonly RoutePolicy[],
) {
  const guids = policies.map((policy) => policy.guid);
  const metadata = await loadMetadata(db, "route_policy", guids);
  return policies.map((policy) =>
    presentRoutePolicy(policy, { links, metadata: metadata.get(policy.guid) ?? noMetadata }),
  );
}

/** For what a list of routes includes. */
export async function policiesOfRoutes(presentation: Presentation, routeGuids: readonly string[]) {
  const policies = await presentation.db
    .selectFrom("routePolicies")
    .selectAll()
    .where(isOneOf(sql.ref("routePolicies.routeGuid"), routeGuids))
    .orderBy("createdAt")
    .orderBy("guid")
    .execute();
  return await presentRoutePolicies(presentation, policies);
}
