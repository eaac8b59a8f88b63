import { z } from "zod";
import { to } from "../look-up.ts";
import { absent, refuses, unknownField, unknownQuery, type Endpoint } from "./endpoint.ts";
import * as routing from "./routing-shapes.ts";
import * as shapes from "./shapes.ts";
import { newOrganization, newRoute, type Things } from "./things.ts";

const tenancy = (endpoint: Omit<Endpoint, "group" | "status"> & { status?: number }): Endpoint => ({
  group: "tenancy",
  status: 200,
  ...endpoint,
});

const labels = { metadata: { labels: { seen: "yes" } } };
const data = (guid: string) => ({ data: [{ guid }] });
const noOrganization = absent("Organization");
const noSpace = absent("Space");

const newSpace = (t: Things) =>
  t.made("spaces", { name: t.name(), relationships: { organization: to(t.organization) } });
const newSegment = (t: Things) => t.made("isolation_segments", { name: t.name() });
const newOrganizationQuota = (t: Things) => t.made("organization_quotas", { name: t.name() });
const newSpaceQuota = (t: Things) =>
  t.made("space_quotas", { name: t.name(), relationships: { organization: to(t.organization) } });
const newSecurityGroup = (t: Things) => t.made("security_groups", { name: t.name(), rules: [] });

/** Where Cloud Controller answers 422 to a query that it does not know, not 400. */
const unprocessableQuery = (collection: string) =>
  refuses(422, /^Unknown query parameter\(s\): 'nope'\./, () => `/v3/${collection}?nope=1`);

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

function quotas(
  collection: "organization_quotas" | "space_quotas",
  {
    shape,
    resource,
    make,
  }: { shape: z.ZodType; resource: string; make: (t: Things) => Promise<string> },
): readonly Endpoint[] {
  const path = `/v3/${collection}`;
  return [
    tenancy({
      name: `GET ${path}`,
      call: async (t) => {
        await make(t);
        return path;
      },
      shape: shapes.some(shape),
      refusal: unknownQuery,
    }),
    tenancy({
      name: `POST ${path}`,
      call: (t) => [
        path,
        {
          name: t.name(),
          apps: { total_memory_in_mb: 1024 },
          ...(collection === "space_quotas"
            ? { relationships: { organization: to(t.organization) } }
            : {}),
        },
      ],
      status: 201,
      shape,
      refusal: unknownField,
    }),
    tenancy({
      name: `GET ${path}/:guid`,
      call: async (t) => `${path}/${await make(t)}`,
      shape,
      refusal: absent(resource),
    }),
    tenancy({
      name: `PATCH ${path}/:guid`,
      call: async (t) => [`${path}/${await make(t)}`, { apps: { total_instances: 5 } }],
      shape,
      refusal: unknownField,
    }),
    tenancy({
      name: `DELETE ${path}/:guid`,
      call: async (t) => `${path}/${await make(t)}`,
      status: 202,
      refusal: absent(resource),
    }),
  ];
}

const allQuotas: readonly Endpoint[] = [
  ...quotas("organization_quotas", {
    shape: routing.organizationQuota,
    resource: "Organization quota",
    make: newOrganizationQuota,
  }),
  tenancy({
    name: "POST /v3/organization_quotas/:guid/relationships/organizations",
    call: async (t) => [
      `/v3/organization_quotas/${await newOrganizationQuota(t)}/relationships/organizations`,
      data(await newOrganization(t)),
    ],
    shape: shapes.toMany,
    refusal: absent("Organization quota"),
  }),
  ...quotas("space_quotas", {
    shape: routing.spaceQuota,
    resource: "Space quota",
    make: newSpaceQuota,
  }),
  tenancy({
    name: "POST /v3/space_quotas/:guid/relationships/spaces",
    call: async (t) => [
      `/v3/space_quotas/${await newSpaceQuota(t)}/relationships/spaces`,
      data(await newSpace(t)),
    ],
    shape: shapes.toMany,
    refusal: absent("Space quota"),
  }),
  tenancy({
    name: "DELETE /v3/space_quotas/:guid/relationships/spaces/:space_guid",
    call: async (t) => {
      const path = `/v3/space_quotas/${await newSpaceQuota(t)}/relationships/spaces`;
      const space = await newSpace(t);
      await t.world.api("POST", path, data(space));
      return `${path}/${space}`;
    },
    status: 204,
    refusal: absent("Space quota"),
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

const noSegment = absent("Isolation segment");
const segmentOrganizations = (segment: string) =>
  `/v3/isolation_segments/${segment}/relationships/organizations`;

const isolationSegments: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/isolation_segments",
    call: () => "/v3/isolation_segments",
    shape: shapes.some(routing.isolationSegment),
    refusal: unknownQuery,
  }),
  tenancy({
    name: "POST /v3/isolation_segments",
    call: (t) => ["/v3/isolation_segments", { name: t.name() }],
    status: 201,
    shape: routing.isolationSegment,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/isolation_segments/:guid",
    call: async (t) => `/v3/isolation_segments/${await newSegment(t)}`,
    shape: routing.isolationSegment,
    refusal: noSegment,
  }),
  tenancy({
    name: "PATCH /v3/isolation_segments/:guid",
    call: async (t) => [`/v3/isolation_segments/${await newSegment(t)}`, { name: t.name() }],
    shape: routing.isolationSegment,
    refusal: unknownField,
  }),
  tenancy({
    name: "DELETE /v3/isolation_segments/:guid",
    call: async (t) => `/v3/isolation_segments/${await newSegment(t)}`,
    status: 204,
    refusal: noSegment,
  }),
  tenancy({
    name: "GET /v3/isolation_segments/:guid/relationships/organizations",
    call: async (t) => segmentOrganizations(await newSegment(t)),
    shape: shapes.toManyRelated,
    refusal: noSegment,
  }),
  tenancy({
    name: "POST /v3/isolation_segments/:guid/relationships/organizations",
    call: async (t) => [segmentOrganizations(await newSegment(t)), data(t.organization)],
    shape: shapes.toManyRelated,
    refusal: noSegment,
  }),
  tenancy({
    name: "DELETE /v3/isolation_segments/:guid/relationships/organizations/:org_guid",
    call: async (t) => {
      const path = segmentOrganizations(await newSegment(t));
      await t.world.api("POST", path, data(t.organization));
      return `${path}/${t.organization}`;
    },
    status: 204,
    refusal: noSegment,
  }),
  tenancy({
    name: "GET /v3/isolation_segments/:guid/relationships/spaces",
    call: async (t) => `/v3/isolation_segments/${await newSegment(t)}/relationships/spaces`,
    shape: shapes.toManyRelated,
    refusal: noSegment,
  }),
];

const noGroup = absent("Security group");

const securityGroups: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/security_groups",
    call: () => "/v3/security_groups",
    shape: shapes.some(routing.securityGroup),
    refusal: unprocessableQuery("security_groups"),
  }),
  tenancy({
    name: "POST /v3/security_groups",
    call: (t) => [
      "/v3/security_groups",
      { name: t.name(), rules: [{ protocol: "tcp", destination: "10.0.0.0/8", ports: "443" }] },
    ],
    status: 201,
    shape: routing.securityGroup,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/security_groups/:guid",
    call: async (t) => `/v3/security_groups/${await newSecurityGroup(t)}`,
    shape: routing.securityGroup,
    refusal: noGroup,
  }),
  tenancy({
    name: "PATCH /v3/security_groups/:guid",
    call: async (t) => [`/v3/security_groups/${await newSecurityGroup(t)}`, { name: t.name() }],
    shape: routing.securityGroup,
    refusal: unknownField,
  }),
  tenancy({
    name: "DELETE /v3/security_groups/:guid",
    call: async (t) => `/v3/security_groups/${await newSecurityGroup(t)}`,
    status: 202,
    refusal: noGroup,
  }),
  ...["running_spaces", "staging_spaces"].flatMap((spacesOf) => [
    tenancy({
      name: `POST /v3/security_groups/:guid/relationships/${spacesOf}`,
      call: async (t) => [
        `/v3/security_groups/${await newSecurityGroup(t)}/relationships/${spacesOf}`,
        data(t.space),
      ],
      shape: shapes.toMany,
      refusal: noGroup,
    }),
    tenancy({
      name: `DELETE /v3/security_groups/:guid/relationships/${spacesOf}/:space_guid`,
      call: async (t) => {
        const path = `/v3/security_groups/${await newSecurityGroup(t)}/relationships/${spacesOf}`;
        await t.world.api("POST", path, data(t.space));
        return `${path}/${t.space}`;
      },
      status: 204,
      refusal: noGroup,
    }),
  ]),
];

const flags: readonly Endpoint[] = [
  tenancy({
    name: "GET /v3/feature_flags",
    call: () => "/v3/feature_flags",
    shape: shapes.some(routing.featureFlag),
    refusal: unknownQuery,
  }),
  tenancy({
    name: "GET /v3/feature_flags/:name",
    call: () => "/v3/feature_flags/app_scaling",
    shape: routing.featureFlag,
    refusal: refuses(404, /^Feature flag not found$/, () => "/v3/feature_flags/nope"),
  }),
  tenancy({
    name: "PATCH /v3/feature_flags/:name",
    call: () => ["/v3/feature_flags/app_scaling", { enabled: true }],
    shape: routing.featureFlag,
    refusal: unknownField,
  }),
  tenancy({
    name: "GET /v3/environment_variable_groups/:name",
    call: () => "/v3/environment_variable_groups/running",
    shape: routing.variableGroup,
    refusal: refuses(
      404,
      /^Environment variable group not found$/,
      () => "/v3/environment_variable_groups/nope",
    ),
  }),
  tenancy({
    name: "PATCH /v3/environment_variable_groups/:name",
    call: () => ["/v3/environment_variable_groups/running", { var: { SEEN: "yes" } }],
    shape: routing.variableGroup,
    refusal: refuses(
      422,
      /Non-string value in environment variable for key 'SEEN', value '1'/,
      () => ["/v3/environment_variable_groups/running", { var: { SEEN: 1 } }],
    ),
  }),
];

export const tenancyEndpoints: readonly Endpoint[] = [
  ...organizations,
  ...spaces,
  ...allQuotas,
  ...people,
  ...isolationSegments,
  ...securityGroups,
  ...flags,
];
