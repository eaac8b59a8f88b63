import { z } from "zod";
import { toManyRelationship, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";
import { domainNameFaults } from "./domain-name.ts";
import { routePoliciesScopes } from "./domain-table.ts";

const relationships = z
  .strictObject(
    {
      organization: toOneRelationship("organization").optional(),
      shared_organizations: toManyRelationship("shared_organizations").optional(),
    },
    { error: "'relationships' is not an object" },
  )
  .superRefine((given, context) => {
    const fault = (message: string) =>
      context.addIssue({ code: "custom", path: [], message: `Relationships ${message}` });
    if (Object.keys(given).length === 0) {
      fault("'relationships' must include one or more valid relationships");
    } else if (given.organization === undefined) {
      fault("cannot contain shared_organizations without an owning organization.");
    }
  });

/** Any value passes as the name here; its faults are told with those of the other fields. */
const domainName = z.unknown().transform((value, context) => {
  for (const message of domainNameFaults(value)) context.addIssue({ code: "custom", message });
  return String(value);
});

export const createDomainMessage = z
  .strictObject({
    name: domainName,
    internal: z.boolean().nullable().optional(),
    router_group: z
      .strictObject({ guid: z.string({ error: "Router group guid must be a string" }) })
      .nullable()
      .optional(),
    enforce_route_policies: z.boolean().nullable().optional(),
    route_policies_scope: z
      .enum(routePoliciesScopes, { error: "must be one of 'any', 'org', 'space'" })
      .nullable()
      .optional(),
    relationships: relationships.optional(),
    metadata: metadataSchema.optional(),
  })
  .superRefine((domain, context) => {
    for (const message of combinationFaults(domain)) context.addIssue({ code: "custom", message });
  });

/** What may not be asked for together. */
function combinationFaults(domain: {
  readonly internal?: boolean | null | undefined;
  readonly router_group?: unknown;
  readonly enforce_route_policies?: boolean | null | undefined;
  readonly route_policies_scope?: string | null | undefined;
  readonly relationships?: unknown;
}): string[] {
  const isInternal = domain.internal === true;
  const isEnforcing = domain.enforce_route_policies === true;
  const hasRouterGroup = domain.router_group !== undefined;
  const hasRelationships = domain.relationships !== undefined;
  const faults: readonly [boolean, string][] = [
    [isInternal && hasRelationships, "Cannot associate an internal domain with an organization"],
    [isInternal && hasRouterGroup, "Internal domains cannot be associated to a router group."],
    [
      isInternal && isEnforcing,
      "Internal domains cannot have route policy enforcement. Internal routes bypass GoRouter.",
    ],
    [
      hasRouterGroup && isEnforcing,
      "Domains with a router group cannot have route policy enforcement. TCP routes do not support mTLS policy enforcement.",
    ],
    [
      hasRouterGroup && hasRelationships,
      "Domains scoped to an organization cannot be associated to a router group.",
    ],
    [
      isEnforcing && (domain.route_policies_scope ?? null) === null,
      "Route policies scope is required when enforce_route_policies is true",
    ],
  ];
  return faults.flatMap(([holds, message]) => (holds ? [message] : []));
}

export type CreateDomain = z.infer<typeof createDomainMessage>;

export const updateDomainMessage = z.strictObject({ metadata: metadataSchema.optional() });

const sharedOrganizationsError =
  'Data must have the structure "data": [{"guid": shared_org_guid_1}, {"guid": shared_org_guid_2}]';

export const sharedOrganizationsMessage = z.object(
  {
    data: z.array(
      z.object(
        {
          guid: z
            .string({ error: sharedOrganizationsError })
            .min(1, { error: sharedOrganizationsError })
            .max(200, { error: sharedOrganizationsError }),
        },
        { error: sharedOrganizationsError },
      ),
      { error: sharedOrganizationsError },
    ),
  },
  { error: sharedOrganizationsError },
);
