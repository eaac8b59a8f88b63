import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { singleValues } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import {
  requireOwner,
  unknownOrganization,
  visibleDomain,
  writableDomain,
} from "./domain-access.ts";
import { createDomain } from "./domain-create.ts";
import type { Domain } from "./domain-presenter.ts";
import { requireShareable } from "./domain-shares.ts";
import { visibleDomains } from "./find-domain.ts";
import { listDomains, parseDomainsQuery } from "./list-domains.ts";
import { createDomainMessage, updateDomainMessage, type CreateDomain } from "./messages.ts";
import { registerOrganizationDomains } from "./organization-domain-routes.ts";
import { presentDomains } from "./present-domains.ts";
import { registerRouterGroups } from "./router-group-routes.ts";
import { registerDomainSharing } from "./sharing-routes.ts";

interface DomainRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
}

export function registerDomains(app: ApiServer, dependencies: DomainRoutes): void {
  registerList(app, dependencies);
  registerSingle(app, dependencies);
  registerDomainSharing(app, dependencies);
  registerOrganizationDomains(app, dependencies);
  registerRouterGroups(app);
}

function registerList(app: ApiServer, dependencies: DomainRoutes): void {
  const { db, clock } = dependencies;

  app.get("/v3/domains", async (request) => {
    const list = parseDomainsQuery(request.query);
    const among = visibleDomains(dependencies, request.auth);
    return await listDomains(dependencies, request.auth, { path: "/v3/domains", list, among });
  });

  app.post("/v3/domains", async (request, reply) => {
    const message = parseMessage(createDomainMessage, request.body);
    await requireCreatable(dependencies, request.auth, message);
    const domain = await db.transaction().execute((tx) => createDomain(tx, clock, message));
    return await reply.status(201).send(await present(dependencies, request.auth, domain));
  });
}

function registerSingle(app: ApiServer, dependencies: DomainRoutes): void {
  const { db, clock, links, jobs } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/domains/:guid", async (request) => {
    const domain = await visibleDomain(dependencies, request.auth, request.params.guid);
    return await present(dependencies, request.auth, domain);
  });

  app.patch<{ Params: { guid: string } }>("/v3/domains/:guid", async (request) => {
    const message = parseMessage(updateDomainMessage, request.body);
    const domain = await writableDomain(dependencies, request.auth, request.params.guid);
    const updated = await db.transaction().execute(async (tx) => {
      await updateMetadata(tx, { type: "domain", guid: domain.guid }, message.metadata);
      return await tx
        .updateTable("domains")
        .set(touched(clock))
        .where("guid", "=", domain.guid)
        .returningAll()
        .executeTakeFirst();
    });
    return await present(dependencies, request.auth, updated ?? domain);
  });

  app.delete<{ Params: { guid: string } }>("/v3/domains/:guid", async (request, reply) => {
    const domain = await writableDomain(dependencies, request.auth, request.params.guid);
    const share = await db
      .selectFrom("domainShares")
      .select("domainGuid")
      .where("domainGuid", "=", domain.guid)
      .executeTakeFirst();
    if (share !== undefined) {
      throw unprocessable(
        "This domain is shared with other organizations. Unshare before deleting.",
      );
    }
    const job = await jobs.enqueue({
      operation: "domain.delete",
      payload: { domainGuid: domain.guid },
      resource: { guid: domain.guid, type: "domain" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });

  app.get<{ Params: { guid: string } }>("/v3/domains/:guid/route_reservations", async (request) => {
    // Keys that are unknown are let be, as in the original.
    const query = singleValues(request.query);
    const domain = await visibleDomain(dependencies, request.auth, request.params.guid);
    // No route has a port: one that is asked for is free.
    const isForPort = Number(query["port"] ?? 0) !== 0;
    const route = await db
      .selectFrom("routes")
      .select("guid")
      .where("domainGuid", "=", domain.guid)
      .where("host", "=", query["host"] ?? "")
      .where("path", "=", query["path"] ?? "")
      .executeTakeFirst();
    return { matching_route: route !== undefined && !isForPort };
  });
}

async function requireCreatable(
  dependencies: DomainRoutes,
  auth: AuthContext,
  message: CreateDomain,
): Promise<void> {
  const { db, permissions } = dependencies;
  const owner = message.relationships?.organization?.data.guid;
  if (owner === undefined) {
    await requireOwner(dependencies, auth, null);
  } else {
    if (!(await permissions.can(auth, "organization.read", { organizationGuid: owner }))) {
      throw unknownOrganization(owner);
    }
    const organization = await db
      .selectFrom("organizations")
      .select("guid")
      .where("guid", "=", owner)
      .executeTakeFirst();
    if (organization === undefined) throw unknownOrganization(owner);
    await requireOwner(dependencies, auth, owner);
    if (!auth.isAdmin) await requireEnabled(db, "private_domain_creation");
    const shared = message.relationships?.shared_organizations?.data ?? [];
    const guids = shared.map((relation) => relation.guid);
    await requireShareable(dependencies, auth, { guids, owner });
  }
  if (message.router_group !== undefined && message.router_group !== null) {
    throw unprocessable(`Router group with guid '${message.router_group.guid}' not found.`);
  }
}

async function present(dependencies: DomainRoutes, auth: AuthContext, domain: Domain) {
  const [document] = await presentDomains(dependencies, auth, [domain]);
  return document;
}
