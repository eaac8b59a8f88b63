import { presentTimestamp, relationTo, type Links } from "../http/links.ts";
import type { Metadata } from "../metadata/metadata.ts";
import { routeUrl, type Destination, type Route } from "./find-route.ts";

export function presentRoute(
  route: Route,
  {
    links,
    metadata,
    destinations,
  }: {
    readonly links: Links;
    readonly metadata: Metadata;
    readonly destinations: readonly Destination[];
  },
) {
  const path = `/v3/routes/${route.guid}`;
  return {
    guid: route.guid,
    created_at: presentTimestamp(route.createdAt),
    updated_at: presentTimestamp(route.updatedAt),
    protocol: "http",
    host: route.host,
    path: route.path,
    port: null,
    url: routeUrl(route),
    destinations: destinations.map(presentDestination),
    options: route.options,
    metadata,
    relationships: {
      space: relationTo(route.spaceGuid),
      domain: relationTo(route.domainGuid),
    },
    links: {
      self: links.to(path),
      space: links.to(`/v3/spaces/${route.spaceGuid}`),
      destinations: links.to(`${path}/destinations`),
      domain: links.to(`/v3/domains/${route.domainGuid}`),
    },
  };
}

export function presentDestination(destination: Destination) {
  return {
    guid: destination.guid,
    app: { guid: destination.appGuid, process: { type: destination.processType } },
    weight: destination.weight,
    port: destination.port,
    protocol: destination.protocol,
    created_at: presentTimestamp(destination.createdAt),
    updated_at: presentTimestamp(destination.updatedAt),
  };
}
