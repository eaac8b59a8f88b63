import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Domain } from "../domains/domain-presenter.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import type { Route } from "../routes/find-route.ts";
import type { RoutePolicy } from "./route-policy-presenter.ts";
import { formatSource, type Source } from "./source.ts";

interface NewRoutePolicy {
  readonly route: Route;
  readonly domain: Domain;
  readonly source: Source;
  readonly metadata: MetadataPatch | undefined;
}

/** @throws 422 where the domain takes no policies or not this one, and where the route has it, or `cf:any`, already */
export async function createRoutePolicy(
  db: Executor,
  { clock, actor }: { readonly clock: Clock; readonly actor: Actor },
  { route, domain, source, metadata }: NewRoutePolicy,
): Promise<RoutePolicy> {
  const fault = domainFault(route, domain, source);
  if (fault !== undefined) throw unprocessable(fault);
  // Before the others are looked at, so that two creations at once see each other.
  const policy = await db
    .insertInto("routePolicies")
    .values({ ...newRecord(clock), routeGuid: route.guid, ...source })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(
      whereTaken(() =>
        unprocessable(
          `A route policy with source '${formatSource(source)}' already exists for this route.`,
        ),
      ),
    );
  await refuseBesideAny(db, policy);
  await updateMetadata(db, { type: "route_policy", guid: policy.guid }, metadata);
  await recordAuditEvent(db, clock, {
    type: "audit.route_policy.create",
    actor,
    target: { guid: policy.guid, type: "route_policy", name: formatSource(policy) },
    spaceGuid: route.spaceGuid,
    data: { request: { source: formatSource(source), route_guid: route.guid } },
  });
  return policy;
}

function domainFault(route: Route, domain: Domain, source: Source): string | undefined {
  if (domain.internal === 1) {
    return "Cannot create route policies for routes on internal domains. Internal routes use container-to-container networking and bypass GoRouter.";
  }
  if (domain.enforceRoutePolicies !== 1) {
    return `Cannot create route policies for route '${route.guid}': the route's domain does not have enforce_route_policies enabled.`;
  }
  if (domain.routePoliciesScope === "space" && source.sourceType === "org") {
    return `Source '${formatSource(source)}' is not allowed: domain's route_policies_scope is 'space'.`;
  }
  return undefined;
}

/** `cf:any` stands alone. */
async function refuseBesideAny(db: Executor, policy: RoutePolicy): Promise<void> {
  const siblings = await db
    .selectFrom("routePolicies")
    .select("sourceType")
    .where("routeGuid", "=", policy.routeGuid)
    .where("guid", "!=", policy.guid)
    .execute();
  if (siblings.length === 0) return;
  if (policy.sourceType === "any") {
    throw unprocessable(
      "source 'cf:any' cannot coexist with other route policies on the same route",
    );
  }
  if (siblings.some((sibling) => sibling.sourceType === "any")) {
    throw unprocessable("source cannot coexist with the existing 'cf:any' policy on this route");
  }
}
