import { z } from "zod";
import { to } from "../look-up.ts";
import {
  absent,
  refuses,
  unknownField,
  unknownQuery,
  unprocessableQuery,
  type Endpoint,
} from "./endpoint.ts";
import * as routing from "./routing-shapes.ts";
import * as shapes from "./shapes.ts";
import { newOrganization, newRoute, type Things } from "./things.ts";

export const tenancy = (
  endpoint: Omit<Endpoint, "group" | "status"> & { status?: number },
): Endpoint => ({
  group: "tenancy",
  status: 200,
  ...endpoint,
});

const labels = { metadata: { labels: { seen: "yes" } } };
export const data = (guid: string) => ({ data: [{ guid }] });
const noOrganization = absent("Organization");
const noSpace = absent("Space");

export const newSpace = (t: Things) =>
  t.made("spaces", { name: t.name(), relationships: { organization: to(t.organization) } });
export const newSegment = (t: Things) => t.made("isolation_segments", { name: t.name() });

const organizations: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/organizations",
    call: () => "/v3/organizations",
    shape: shapes.some(routing.organization),
    refusal: unknownQuery,
  }),
  tenancy({
    name: "POST /v3/organizations",
    call: (t) => ["/v3/organizations", { name: t.name() }],
    status: 201,
    shape: routing.organization,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid",
    call: (t) => `/v3/organizations/${t.organization}`,
    shape: routing.organization,
    refusal: noOrganization,
  }),
  tenancy({
    name: "PATCH /v3/organizations/:guid",
    call: (t) => [`/v3/organizations/${t.organization}`, labels],
    shape: routing.organization,
    refusal: unknownField,
  }),
  tenancy({
    name: "DELETE /v3/organizations/:guid",
    call: async (t) => `/v3/organizations/${await newOrganization(t)}`,
    status: 202,
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid/domains",
    call: (t) => `/v3/organizations/${t.organization}/domains`,
    shape: shapes.some(routing.domain),
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid/domains/default",
    call: (t) => `/v3/organizations/${t.organization}/domains/default`,
    shape: routing.domain,
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid/usage_summary",
    call: (t) => `/v3/organizations/${t.organization}/usage_summary`,
    shape: shapes.usageSummary("self organization"),
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid/relationships/default_isolation_segment",
    call: (t) => `/v3/organizations/${t.organization}/relationships/default_isolation_segment`,
    shape: z.strictObject({
      data: z.strictObject({ guid: z.string() }).nullable(),
      links: shapes.links("self related?"),
    }),
    refusal: noOrganization,
  }),
  tenancy({
    name: "PATCH /v3/organizations/:guid/relationships/default_isolation_segment",
    call: async (t) => {
      const segment = await newSegment(t);
      await t.world.api(
        "POST",
        `/v3/isolation_segments/${segment}/relationships/organizations`,
        data(t.organization),
      );
      const path = `/v3/organizations/${t.organization}/relationships/default_isolation_segment`;
      await t.world.api("PATCH", path, to(segment));
      // Nothing of the suite is to be placed in it.
      return [path, { data: null }];
    },
    shape: z.strictObject({ data: z.null(), links: shapes.links("self related?") }),
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/organizations/:guid/users",
    call: async (t) => {
      await t.world.api("POST", "/v3/roles", {
        type: "organization_user",
        relationships: { user: to(t.user), organization: to(t.organization) },
      });
      return `/v3/organizations/${t.organization}/users`;
    },
    shape: shapes.some(routing.user),
    refusal: noOrganization,
  }),
  tenancy({
    name: "GET /v3/isolation_segments/:guid/organizations",
    call: async (t) => `/v3/isolation_segments/${await newSegment(t)}/organizations`,
    shape: shapes.list(routing.organization),
    refusal: absent("Isolation segment"),
  }),
];

const spaces: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/spaces",
    call: () => "/v3/spaces",
    shape: shapes.some(routing.space),
    refusal: unknownQuery,
  }),
  tenancy({
    name: "POST /v3/spaces",
    call: (t) => [
      "/v3/spaces",
      { name: t.name(), relationships: { organization: to(t.organization) } },
    ],
    status: 201,
    shape: routing.space,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid",
    call: (t) => `/v3/spaces/${t.space}`,
    shape: routing.space,
    refusal: noSpace,
  }),
  tenancy({
    name: "PATCH /v3/spaces/:guid",
    call: (t) => [`/v3/spaces/${t.space}`, labels],
    shape: routing.space,
    refusal: unknownField,
  }),
  tenancy({
    name: "DELETE /v3/spaces/:guid",
    call: async (t) => `/v3/spaces/${await newSpace(t)}`,
    status: 202,
    refusal: noSpace,
  }),
  ...["running", "staging"].map((lifecycle) =>
    tenancy({
      name: `GET /v3/spaces/:guid/${lifecycle}_security_groups`,
      call: (t) => `/v3/spaces/${t.space}/${lifecycle}_security_groups`,
      shape: shapes.some(routing.securityGroup),
      refusal: noSpace,
    }),
  ),
  tenancy({
    name: "DELETE /v3/spaces/:guid/routes",
    call: async (t) => {
      await newRoute(t);
      return `/v3/spaces/${t.space}/routes?unmapped=true`;
    },
    status: 202,
    refusal: noSpace,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid/usage_summary",
    call: (t) => `/v3/spaces/${t.space}/usage_summary`,
    shape: shapes.usageSummary("self space"),
    refusal: noSpace,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid/relationships/isolation_segment",
    call: (t) => `/v3/spaces/${t.space}/relationships/isolation_segment`,
    shape: z.strictObject({
      data: z.strictObject({ guid: z.string() }).nullable(),
      links: shapes.links("self related?"),
    }),
    refusal: noSpace,
  }),
  tenancy({
    name: "PATCH /v3/spaces/:guid/relationships/isolation_segment",
    call: (t) => [`/v3/spaces/${t.space}/relationships/isolation_segment`, { data: null }],
    shape: z.strictObject({ data: z.null(), links: shapes.links("self related?") }),
    refusal: noSpace,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid/users",
    call: async (t) => {
      await t.world.api("POST", "/v3/roles", {
        type: "space_developer",
        relationships: { user: to(t.user), space: to(t.space) },
      });
      return `/v3/spaces/${t.space}/users`;
    },
    shape: shapes.some(routing.user),
    refusal: noSpace,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid/features",
    call: (t) => `/v3/spaces/${t.space}/features`,
    shape: z.strictObject({ resources: z.array(shapes.feature).length(1) }),
    refusal: noSpace,
  }),
  tenancy({
    name: "GET /v3/spaces/:guid/features/:name",
    call: (t) => `/v3/spaces/${t.space}/features/ssh`,
    shape: shapes.feature,
    refusal: refuses(404, /^Feature not found$/, (t) => `/v3/spaces/${t.space}/features/nope`),
  }),
  tenancy({
    name: "PATCH /v3/spaces/:guid/features/:name",
    call: (t) => [`/v3/spaces/${t.space}/features/ssh`, { enabled: true }],
    shape: shapes.feature,
    refusal: refuses(422, /^Enabled must be a boolean$/, (t) => [
      `/v3/spaces/${t.space}/features/ssh`,
      { enabled: "yes" },
    ]),
  }),
];

const newUser = async (t: Things) => await t.made("users", { guid: t.name() });
const newRole = async (t: Things) =>
  await t.made("roles", {
    type: "organization_auditor",
    relationships: { user: to(await newUser(t)), organization: to(t.organization) },
  });

const people: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/roles",
    call: async (t) => {
      await newRole(t);
      return "/v3/roles";
    },
    shape: shapes.some(routing.role),
    refusal: unprocessableQuery("roles"),
  }),
  tenancy({
    name: "POST /v3/roles",
    call: async (t) => [
      "/v3/roles",
      {
        type: "organization_manager",
        relationships: { user: to(await newUser(t)), organization: to(t.organization) },
      },
    ],
    status: 201,
    shape: routing.role,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/roles/:guid",
    call: async (t) => `/v3/roles/${await newRole(t)}`,
    shape: routing.role,
    refusal: absent("Role"),
  }),
  tenancy({
    name: "DELETE /v3/roles/:guid",
    call: async (t) => `/v3/roles/${await newRole(t)}`,
    status: 202,
    refusal: absent("Role"),
  }),
  tenancy({
    name: "GET /v3/users",
    call: () => "/v3/users",
    shape: shapes.some(routing.user),
    refusal: unprocessableQuery("users"),
  }),
  tenancy({
    name: "POST /v3/users",
    call: (t) => ["/v3/users", { guid: t.name() }],
    status: 201,
    shape: routing.user,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/users/:guid",
    call: (t) => `/v3/users/${t.user}`,
    shape: routing.user,
    refusal: absent("User"),
  }),
  tenancy({
    name: "PATCH /v3/users/:guid",
    call: async (t) => [`/v3/users/${await newUser(t)}`, labels],
    shape: routing.user,
    refusal: unknownField,
  }),
  tenancy({
    name: "DELETE /v3/users/:guid",
    call: async (t) => `/v3/users/${await newUser(t)}`,
    status: 202,
    refusal: absent("User"),
  }),
];

export const tenancyEndpoints: readonly Endpoint[] = [...organizations, ...spaces, ...people];
