import type { Selectable } from "kysely";
import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import type { RoutePolicyTable } from "./route-policy-table.ts";
import { formatSource } from "./source.ts";

export type RoutePolicy = Selectable<RoutePolicyTable>;

export function presentRoutePolicy(
  policy: RoutePolicy,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  const { sourceType, sourceGuid } = policy;
  const related = (type: RoutePolicy["sourceType"]) =>
    relationTo(sourceType === type ? sourceGuid : null);
  return {
    guid: policy.guid,
    created_at: presentTimestamp(policy.createdAt),
    updated_at: presentTimestamp(policy.updatedAt),
    source: formatSource(policy),
    metadata,
    relationships: {
      route: relationTo(policy.routeGuid),
      app: related("app"),
      space: related("space"),
      organization: related("org"),
    },
    links: {
      self: links.to(`/v3/route_policies/${policy.guid}`),
      route: links.to(`/v3/routes/${policy.routeGuid}`),
      ...sourceLink(policy, links),
    },
  };
}

function sourceLink({ sourceType, sourceGuid }: RoutePolicy, links: Links) {
  switch (sourceType) {
    case "app":
      return { app: links.to(`/v3/apps/${sourceGuid}`) };
    case "space":
      return { space: links.to(`/v3/spaces/${sourceGuid}`) };
    case "org":
      return { organization: links.to(`/v3/organizations/${sourceGuid}`) };
    case "any":
      return {};
  }
}
