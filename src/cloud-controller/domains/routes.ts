import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { isUniqueViolation, newRecord, storedBoolean } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery, parseQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { JobHandler, Jobs } from "../jobs/jobs.ts";
import { deleteMetadata, loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { deleteRoutes } from "../routes/route-delete.ts";
import { presentDomain } from "./domain-presenter.ts";
import type { DomainTable } from "./domain-table.ts";
import { findVisibleDomain } from "./find-domain.ts";
import { createDomainMessage, updateDomainMessage, type CreateDomain } from "./messages.ts";

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
}

function registerList(app: ApiServer, dependencies: DomainRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get("/v3/domains", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "organization_guids"],
      labels: true,
    });
    const visible = permissions.organizations(request.auth, "organization.read");
    let query = db.selectFrom("domains").selectAll("domains");
    if (visible !== undefined) {
      query = query.where((eb) =>
        eb.or([
          eb("domains.organizationGuid", "is", null),
          eb("domains.organizationGuid", "in", visible),
        ]),
      );
    }
    const { names, organization_guids } = list.filters;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("domains.name"), names));
    if (organization_guids !== undefined) {
      query = query.where(isOneOf(sql.ref("domains.organizationGuid"), organization_guids));
    }
    const page = await fetchPage(query, list, "domains", "domain");
    const metadata = await loadMetadata(
      db,
      "domain",
      page.rows.map((row) => row.guid),
    );
    return presentPage({
      links,
      path: "/v3/domains",
      list,
      total: page.total,
      resources: page.rows.map((row) =>
        presentDomain(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
      ),
    });
  });

  app.post("/v3/domains", async (request, reply) => {
    const message = parseMessage(createDomainMessage, request.body);
    await requireCreatable(dependencies, request.auth, message);
    const domain = await createDomain(dependencies, message);
    return await reply.status(201).send(await present(dependencies, domain));
  });
}

function registerSingle(app: ApiServer, dependencies: DomainRoutes): void {
  const { db, links, jobs } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/domains/:guid", async (request) =>
    present(dependencies, await visibleDomain(dependencies, request.auth, request.params.guid)),
  );

  app.patch<{ Params: { guid: string } }>("/v3/domains/:guid", async (request) => {
    const message = parseMessage(updateDomainMessage, request.body);
    const domain = await visibleDomain(dependencies, request.auth, request.params.guid);
    await requireOwner(dependencies, request.auth, domain.organizationGuid);
    await updateMetadata(db, { type: "domain", guid: domain.guid }, message.metadata);
    return await present(dependencies, domain);
  });

  app.delete<{ Params: { guid: string } }>("/v3/domains/:guid", async (request, reply) => {
    const domain = await visibleDomain(dependencies, request.auth, request.params.guid);
    await requireOwner(dependencies, request.auth, domain.organizationGuid);
    const job = await jobs.enqueue({
      operation: "domain.delete",
      payload: { domainGuid: domain.guid },
      resource: { guid: domain.guid, type: "domain" },
      userGuid: request.auth.userGuid,
    });
    return await acceptJob(reply, links, job);
  });

  app.get<{ Params: { guid: string } }>("/v3/domains/:guid/route_reservations", async (request) => {
    const query = parseQuery(request.query, ["host", "path", "port"]);
    const domain = await visibleDomain(dependencies, request.auth, request.params.guid);
    const route = await db
      .selectFrom("routes")
      .select("guid")
      .where("domainGuid", "=", domain.guid)
      .where("host", "=", query["host"] ?? "")
      .where("path", "=", query["path"] ?? "")
      .executeTakeFirst();
    return { matching_route: route !== undefined };
  });
}

const payload = z.object({ domainGuid: z.string() });

/** The job `domain.delete`: the domain with its routes. */
export function domainDelete(
  db: Database,
  routesChanged: (appGuid: string) => Promise<void>,
): JobHandler {
  return {
    operation: "domain.delete",
    async run(job) {
      const { domainGuid } = payload.parse(job.payload);
      const apps = await db.transaction().execute(async (tx) => {
        const routes = await tx
          .selectFrom("routes")
          .select("guid")
          .where("domainGuid", "=", domainGuid)
          .execute();
        const reached = await deleteRoutes(
          tx,
          routes.map((route) => route.guid),
        );
        await deleteMetadata(tx, "domain", [domainGuid]);
        await tx.deleteFrom("domains").where("guid", "=", domainGuid).execute();
        return reached;
      });
      for (const app of apps) await routesChanged(app);
    },
  };
}

async function requireCreatable(
  { db, permissions }: DomainRoutes,
  auth: AuthContext,
  message: CreateDomain,
): Promise<void> {
  const owner = message.relationships?.organization?.data.guid;
  if (message.router_group !== undefined && message.router_group !== null) {
    throw unprocessable("Router groups are not supported: there are no TCP domains.");
  }
  if (message.internal === true) {
    throw unprocessable("Internal domains are not supported.");
  }
  const shared = message.relationships?.shared_organizations?.data ?? [];
  if (shared.length > 0) {
    throw unprocessable("Domains cannot be shared with further organizations.");
  }
  if (owner === undefined) {
    if (!auth.isAdmin) throw new CfError("NotAuthorized");
    return;
  }
  const place = { organizationGuid: owner };
  if (!(await permissions.can(auth, "organization.read", place))) {
    throw unprocessable(
      `Organization with guid '${owner}' does not exist or you do not have access to it.`,
    );
  }
  await requireOwner({ permissions }, auth, owner);
  if (!auth.isAdmin) await requireEnabled(db, "private_domain_creation");
}

async function createDomain(
  { db, clock }: DomainRoutes,
  message: CreateDomain,
): Promise<Selectable<DomainTable>> {
  const owner = message.relationships?.organization?.data.guid ?? null;
  return await db.transaction().execute(async (tx) => {
    if (owner !== null) {
      const organization = await tx
        .selectFrom("organizations")
        .select("guid")
        .where("guid", "=", owner)
        .executeTakeFirst();
      if (organization === undefined) {
        throw unprocessable(
          `Organization with guid '${owner}' does not exist or you do not have access to it.`,
        );
      }
    }
    const created = await tx
      .insertInto("domains")
      .values({
        ...newRecord(clock),
        name: message.name.toLowerCase(),
        internal: storedBoolean(false),
        organizationGuid: owner,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        throw isUniqueViolation(error)
          ? unprocessable(`The domain name "${message.name}" is already in use`)
          : error;
      });
    await updateMetadata(tx, { type: "domain", guid: created.guid }, message.metadata);
    return created;
  });
}

async function requireOwner(
  { permissions }: Pick<DomainRoutes, "permissions">,
  auth: AuthContext,
  organizationGuid: string | null,
): Promise<void> {
  const allowed =
    organizationGuid === null
      ? auth.isAdmin
      : await permissions.can(auth, "organization.update", { organizationGuid });
  if (!allowed) throw new CfError("NotAuthorized");
}

async function visibleDomain(
  dependencies: DomainRoutes,
  auth: AuthContext,
  guid: string,
): Promise<Selectable<DomainTable>> {
  const domain = await findVisibleDomain(dependencies, auth, guid);
  if (domain === undefined) throw notFound("Domain");
  return domain;
}

async function present({ db, links }: DomainRoutes, domain: Selectable<DomainTable>) {
  const metadata = await loadMetadata(db, "domain", [domain.guid]);
  return presentDomain(domain, { links, metadata: metadata.get(domain.guid) ?? noMetadata });
}
