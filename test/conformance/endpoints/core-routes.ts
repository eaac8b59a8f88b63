import { z } from "zod";
import { to } from "../look-up.ts";
import { core, labels } from "./core-apps.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as shapes from "./routing-shapes.ts";
import { links, some } from "./shapes.ts";
import { newOrganization, newRoute, type Things } from "./things.ts";

const noRoute = absent("Route");
const noDomain = absent("Domain");
const data = (guid: string) => ({ data: [{ guid }] });

const routes: readonly Endpoint[] = [
  core({
    name: "GET /v3/routes",
    call: () => "/v3/routes",
    shape: some(shapes.route),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/routes",
    call: (t) => [
      "/v3/routes",
      {
        host: t.name(),
        path: "/path",
        relationships: { space: to(t.space), domain: to(t.domain) },
      },
    ],
    status: 201,
    shape: shapes.route,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/routes/:guid",
    call: (t) => `/v3/routes/${t.route}`,
    shape: shapes.route,
    refusal: noRoute,
  }),
  core({
    name: "PATCH /v3/routes/:guid",
    call: async (t) => [
      `/v3/routes/${await newRoute(t)}`,
      { ...labels, options: { loadbalancing: "least-connection" } },
    ],
    shape: shapes.route,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/routes/:guid",
    call: async (t) => `/v3/routes/${await newRoute(t)}`,
    status: 202,
    refusal: noRoute,
  }),
  core({
    name: "GET /v3/routes/:guid/relationships/shared_spaces",
    call: async (t) => `/v3/routes/${await sharedRoute(t)}/relationships/shared_spaces`,
    shape: shapes.sharedSpaces,
    refusal: noRoute,
  }),
  core({
    name: "POST /v3/routes/:guid/relationships/shared_spaces",
    call: async (t) => [
      `/v3/routes/${await sharedRoute(t)}/relationships/shared_spaces`,
      data(t.otherSpace),
    ],
    shape: shapes.sharedSpaces,
    refusal: noRoute,
  }),
  core({
    name: "DELETE /v3/routes/:guid/relationships/shared_spaces/:space_guid",
    call: async (t) =>
      `/v3/routes/${await sharedRoute(t)}/relationships/shared_spaces/${t.otherSpace}`,
    status: 204,
    refusal: noRoute,
  }),
  core({
    name: "PATCH /v3/routes/:guid/relationships/space",
    call: async (t) => {
      await sharing(t);
      return [`/v3/routes/${await newRoute(t)}/relationships/space`, to(t.otherSpace)];
    },
    shape: z.strictObject({ status: z.literal("ok") }),
    refusal: noRoute,
  }),
  core({
    name: "GET /v3/apps/:guid/routes",
    call: (t) => `/v3/apps/${t.app}/routes`,
    shape: some(shapes.route),
    refusal: absent("App"),
  }),
];

async function sharing(t: Things): Promise<void> {
  await t.world.api("PATCH", "/v3/feature_flags/route_sharing", { enabled: true });
}

async function sharedRoute(t: Things): Promise<string> {
  await sharing(t);
  const route = await newRoute(t);
  const path = `/v3/routes/${route}/relationships/shared_spaces`;
  await t.world.api("POST", path, data(t.otherSpace));
  return route;
}

async function mappedRoute(t: Things): Promise<{ route: string; destination: string }> {
  const route = await newRoute(t);
  const { json } = await t.world.api("POST", `/v3/routes/${route}/destinations`, {
    destinations: [{ app: { guid: t.app } }],
  });
  return { route, destination: json.destinations[0].guid };
}

const destinations: readonly Endpoint[] = [
  core({
    name: "GET /v3/routes/:guid/destinations",
    call: (t) => `/v3/routes/${t.route}/destinations`,
    shape: shapes.destinations,
    refusal: noRoute,
  }),
  core({
    name: "POST /v3/routes/:guid/destinations",
    call: async (t) => [
      `/v3/routes/${await newRoute(t)}/destinations`,
      { destinations: [{ app: { guid: t.app } }] },
    ],
    shape: shapes.destinations,
    refusal: noRoute,
  }),
  core({
    name: "PATCH /v3/routes/:guid/destinations",
    call: async (t) => [
      `/v3/routes/${await newRoute(t)}/destinations`,
      { destinations: [{ app: { guid: t.app }, weight: 100 }] },
    ],
    shape: shapes.destinations,
    refusal: refuses(422, /weight/i, async (t) => [
      `/v3/routes/${await newRoute(t)}/destinations`,
      { destinations: [{ app: { guid: t.app }, weight: 99 }] },
    ]),
  }),
  core({
    name: "PATCH /v3/routes/:guid/destinations/:destination_guid",
    call: async (t) => {
      const { route, destination } = await mappedRoute(t);
      return [`/v3/routes/${route}/destinations/${destination}`, { protocol: "http2" }];
    },
    shape: shapes.destination.extend({ links: links("destinations route") }),
    refusal: noRoute,
  }),
  core({
    name: "DELETE /v3/routes/:guid/destinations/:destination_guid",
    call: async (t) => {
      const { route, destination } = await mappedRoute(t);
      return `/v3/routes/${route}/destinations/${destination}`;
    },
    status: 204,
    refusal: noRoute,
  }),
];

const privateDomain = (t: Things) =>
  t.made("domains", {
    name: `${t.name()}.example.net`,
    relationships: { organization: to(t.organization) },
  });

const domains: readonly Endpoint[] = [
  core({
    name: "GET /v3/domains",
    call: () => "/v3/domains",
    shape: some(shapes.domain),
    refusal: unknownQuery,
  }),
  core({
    name: "POST /v3/domains",
    call: (t) => ["/v3/domains", { name: `${t.name()}.example.net` }],
    status: 201,
    shape: shapes.domain,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/domains/:guid",
    call: (t) => `/v3/domains/${t.domain}`,
    shape: shapes.domain,
    refusal: noDomain,
  }),
  core({
    name: "PATCH /v3/domains/:guid",
    call: async (t) => [`/v3/domains/${await privateDomain(t)}`, labels],
    shape: shapes.domain,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/domains/:guid",
    call: async (t) => `/v3/domains/${await privateDomain(t)}`,
    status: 202,
    refusal: noDomain,
  }),
  core({
    name: "POST /v3/domains/:guid/relationships/shared_organizations",
    call: async (t) => [
      `/v3/domains/${await privateDomain(t)}/relationships/shared_organizations`,
      data(await newOrganization(t)),
    ],
    shape: z.strictObject({ data: z.array(z.strictObject({ guid: z.string() })).length(1) }),
    refusal: noDomain,
  }),
  core({
    name: "DELETE /v3/domains/:guid/relationships/shared_organizations/:org_guid",
    call: async (t) => {
      const path = `/v3/domains/${await privateDomain(t)}/relationships/shared_organizations`;
      const organization = await newOrganization(t);
      await t.world.api("POST", path, data(organization));
      return `${path}/${organization}`;
    },
    status: 204,
    refusal: noDomain,
  }),
  core({
    name: "GET /v3/domains/:guid/route_reservations",
    call: (t) => `/v3/domains/${t.domain}/route_reservations?host=demo`,
    shape: z.strictObject({ matching_route: z.literal(true) }),
    refusal: noDomain,
  }),
];

/** A route on a domain that enforces policies. */
async function guardedRoute(t: Things): Promise<string> {
  const domain = await t.made("domains", {
    name: `${t.name()}.example.net`,
    enforce_route_policies: true,
    route_policies_scope: "any",
    relationships: { organization: to(t.organization) },
  });
  return await t.made("routes", {
    host: "guarded",
    relationships: { space: to(t.space), domain: to(domain) },
  });
}

const newPolicy = async (t: Things) =>
  await t.made("route_policies", {
    source: "cf:any",
    relationships: { route: to(await guardedRoute(t)) },
  });

const noPolicy = absent("Route policy");

const policies: readonly Endpoint[] = [
  core({
    name: "POST /v3/route_policies",
    call: async (t) => [
      "/v3/route_policies",
      { source: `cf:app:${t.app}`, relationships: { route: to(await guardedRoute(t)) } },
    ],
    status: 201,
    shape: shapes.routePolicy,
    refusal: unknownField,
  }),
  core({
    name: "GET /v3/route_policies",
    call: () => "/v3/route_policies",
    shape: some(shapes.routePolicy),
    refusal: unknownQuery,
  }),
  core({
    name: "GET /v3/route_policies/:guid",
    call: async (t) => `/v3/route_policies/${await newPolicy(t)}`,
    shape: shapes.routePolicy,
    refusal: noPolicy,
  }),
  core({
    name: "PATCH /v3/route_policies/:guid",
    call: async (t) => [`/v3/route_policies/${await newPolicy(t)}`, labels],
    shape: shapes.routePolicy,
    refusal: unknownField,
  }),
  core({
    name: "DELETE /v3/route_policies/:guid",
    call: async (t) => `/v3/route_policies/${await newPolicy(t)}`,
    status: 204,
    refusal: noPolicy,
  }),
];

export const coreRoutes: readonly Endpoint[] = [
  ...routes,
  ...destinations,
  ...domains,
  ...policies,
];
