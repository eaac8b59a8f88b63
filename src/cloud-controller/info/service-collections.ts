import type { ListSpec } from "../http/list-query.ts";

const boolean = (value: string | undefined, attribute: string) =>
  value === undefined || value === "true" || value === "false"
    ? undefined
    : `${attribute} must be 'true' or 'false'`;
const oneOf = (value: string | undefined, attribute: string, known: readonly string[]) =>
  value === undefined || known.includes(value)
    ? undefined
    : `${attribute} must be one of ${known.map((item) => `'${item}'`).join(", ")}`;

/**
 * Each collection with what its list takes; `open`: the marketplace may be seen without a token; `unprocessable`: a query
 * that is wrong is 422, not 400.
 */
export const serviceCollections: Readonly<
  Record<
    string,
    ListSpec & { readonly one: string; readonly open?: boolean; readonly unprocessable?: boolean }
  >
> = {
  service_brokers: {
    one: "Service broker",
    filters: ["space_guids", "names"],
    orderBy: { name: "name" },
    labels: true,
  },
  service_offerings: {
    one: "Service offering",
    open: true,
    filters: [
      "broker_catalog_ids",
      "service_broker_guids",
      "service_broker_names",
      "names",
      "space_guids",
      "organization_guids",
    ],
    extra: ["available"],
    check: ({ available }) => boolean(available, "Available"),
    fields: { service_broker: ["guid", "name"] },
    orderBy: { name: "name" },
    labels: true,
  },
  service_plans: {
    one: "Service plan",
    open: true,
    filters: [
      "broker_catalog_ids",
      "names",
      "organization_guids",
      "service_broker_guids",
      "service_broker_names",
      "service_instance_guids",
      "service_offering_guids",
      "service_offering_names",
      "space_guids",
    ],
    include: ["space.organization", "service_offering"],
    extra: ["available"],
    check: ({ available }) => boolean(available, "Available"),
    fields: { "service_offering.service_broker": ["guid", "name"] },
    orderBy: { name: "name" },
    labels: true,
  },
  service_instances: {
    one: "Service instance",
    filters: [
      "names",
      "space_guids",
      "organization_guids",
      "service_plan_guids",
      "service_plan_names",
    ],
    extra: ["type"],
    check: ({ type }) => oneOf(type, "Type", ["managed", "user-provided"]),
    fields: {
      space: ["guid", "name", "relationships.organization"],
      "space.organization": ["name", "guid"],
      service_plan: ["guid", "name", "relationships.service_offering"],
      "service_plan.service_offering": [
        "name",
        "guid",
        "description",
        "documentation_url",
        "tags",
        "relationships.service_broker",
      ],
      "service_plan.service_offering.service_broker": ["name", "guid"],
    },
    orderBy: { name: "name" },
    labels: true,
  },
  service_credential_bindings: {
    one: "Service credential binding",
    filters: [
      "names",
      "service_instance_guids",
      "service_instance_names",
      "service_plan_names",
      "service_plan_guids",
      "service_offering_names",
      "service_offering_guids",
      "app_guids",
      "app_names",
    ],
    include: ["app", "service_instance"],
    extra: ["type"],
    check: ({ type }) => oneOf(type, "Type", ["app", "key"]),
    orderBy: { name: "name" },
    labels: true,
  },
  service_route_bindings: {
    one: "Service route binding",
    filters: ["service_instance_guids", "service_instance_names", "route_guids"],
    include: ["route", "service_instance"],
    labels: true,
  },
  service_usage_events: {
    one: "Service usage event",
    unprocessable: true,
    filters: ["after_guid", "service_instance_types", "service_offering_guids"],
    orderOnlyBy: { created_at: "createdAt" },
    refusedTimes: "updated_ats",
  },
};

/** Everything below one resource, which is never there. */
export const singleServicePaths: readonly (readonly [
  "GET" | "POST" | "PATCH" | "DELETE",
  string,
])[] = [
  ...[
    "brokers",
    "offerings",
    "plans",
    "instances",
    "credential_bindings",
    "route_bindings",
  ].flatMap((name) =>
    (["GET", "PATCH", "DELETE"] as const).map(
      (method) => [method, `service_${name}/:guid`] as const,
    ),
  ),
  ["GET", "service_plans/:guid/visibility"],
  ["PATCH", "service_plans/:guid/visibility"],
  ["POST", "service_plans/:guid/visibility"],
  ["DELETE", "service_plans/:guid/visibility/:organization"],
  ["GET", "service_instances/:guid/credentials"],
  ["GET", "service_instances/:guid/parameters"],
  ["GET", "service_instances/:guid/permissions"],
  ["GET", "service_instances/:guid/relationships/shared_spaces"],
  ["GET", "service_instances/:guid/relationships/shared_spaces/usage_summary"],
  ["POST", "service_instances/:guid/relationships/shared_spaces"],
  ["DELETE", "service_instances/:guid/relationships/shared_spaces/:space"],
  ["GET", "service_credential_bindings/:guid/details"],
  ["GET", "service_credential_bindings/:guid/parameters"],
  ["GET", "service_route_bindings/:guid/parameters"],
  ["GET", "service_usage_events/:guid"],
];
