import { z } from "zod";
import { to } from "../look-up.ts";
import {
  absent,
  refuses,
  unknownField,
  unknownQuery,
  unprocessableQuery,
  type Endpoint,
  type Refusal,
} from "./endpoint.ts";
import * as routing from "./routing-shapes.ts";
import * as shapes from "./shapes.ts";
import { data, newSegment, newSpace, tenancy } from "./tenancy.ts";
import { newOrganization, type Things } from "./things.ts";

const newOrganizationQuota = (t: Things) => t.made("organization_quotas", { name: t.name() });
const newSpaceQuota = (t: Things) =>
  t.made("space_quotas", { name: t.name(), relationships: { organization: to(t.organization) } });
const newSecurityGroup = (t: Things) => t.made("security_groups", { name: t.name(), rules: [] });

function quotas(
  collection: "organization_quotas" | "space_quotas",
  {
    shape,
    resource,
    make,
    badQuery,
  }: {
    shape: z.ZodType;
    resource: string;
    make: (t: Things) => Promise<string>;
    badQuery: Refusal;
  },
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
      refusal: badQuery,
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
    badQuery: unknownQuery,
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
    badQuery: unprocessableQuery("space_quotas"),
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

/** What an operator sets for organizations, spaces and all. */
export const tenancyLimits: readonly Endpoint[] = [
  ...allQuotas,
  ...isolationSegments,
  ...securityGroups,
  ...flags,
];
