import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage, toManyRelationship } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import type { OrganizationQuotaTable } from "./organization-quota-table.ts";

const limitsColumn = z.record(z.string(), z.record(z.string(), z.unknown()));
const applyMessage = toManyRelationship("organizations");

/** Quotas of organizations, to be read and applied; space quotas do not exist yet, so their list is empty. */
interface QuotaRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

export function registerQuotas(app: ApiServer, dependencies: QuotaRoutes): void {
  registerList(app, dependencies);
  registerSingle(app, dependencies);
}

function registerList(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, links, permissions } = dependencies;

  app.get("/v3/organization_quotas", async (request) => {
    const list = parseListQuery(request.query, { filters: ["names", "organization_guids"] });
    let query = db.selectFrom("organizationQuotas").selectAll("organizationQuotas");
    const visible = permissions.organizations(request.auth, "organization.read");
    if (visible !== undefined) {
      query = query.where("organizationQuotas.guid", "in", (eb) =>
        eb
          .selectFrom("organizations")
          .select("organizations.quotaGuid")
          .where("organizations.guid", "in", visible),
      );
    }
    const { names, organization_guids: organizations } = list.filters;
    if (names !== undefined) {
      query = query.where(isOneOf(sql.ref("organization_quotas.name"), names));
    }
    if (organizations !== undefined) {
      query = query.where("organizationQuotas.guid", "in", (eb) =>
        eb
          .selectFrom("organizations")
          .select("organizations.quotaGuid")
          .where(isOneOf(sql.ref("organizations.guid"), organizations)),
      );
    }
    const page = await fetchPage(query, list, "organizationQuotas");
    return presentPage({
      links,
      path: "/v3/organization_quotas",
      list,
      total: page.total,
      resources: page.rows.map((row) => presentQuota(row, links)),
    });
  });
}

function registerSingle(app: ApiServer, dependencies: QuotaRoutes): void {
  const { db, clock, links } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/organization_quotas/:guid", async (request) =>
    presentQuota(await find(dependencies, request.params.guid), links),
  );

  app.post<{ Params: { guid: string } }>(
    "/v3/organization_quotas/:guid/relationships/organizations",
    async (request) => {
      const message = parseMessage(applyMessage, request.body);
      const quota = await find(dependencies, request.params.guid);
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      const guids = [...new Set(message.data.map((item) => item.guid))];
      const updated = await db
        .updateTable("organizations")
        .set({ ...touched(clock), quotaGuid: quota.guid })
        .where(isOneOf(sql.ref("organizations.guid"), guids))
        .returning("guid")
        .execute();
      const missing = guids.filter((guid) => !updated.some((row) => row.guid === guid));
      if (missing.length > 0) {
        throw unprocessable(
          `Organizations with guids ${JSON.stringify(missing)} do not exist, or you do not have access to them.`,
        );
      }
      return {
        data: guids.map((guid) => ({ guid })),
        links: {
          self: links.to(`/v3/organization_quotas/${quota.guid}/relationships/organizations`),
        },
      };
    },
  );

  app.get("/v3/space_quotas", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "organization_guids", "space_guids"],
    });
    return presentPage({ links, path: "/v3/space_quotas", list, total: 0, resources: [] });
  });

  for (const [path, name] of [
    ["/v3/organization_quotas", "Further organization quotas"],
    ["/v3/space_quotas", "Space quotas"],
  ] as const) {
    app.post(path, async (request) => {
      if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
      throw unprocessable(`${name} are not supported by this platform.`);
    });
  }
}

async function find(
  { db }: QuotaRoutes,
  guid: string,
): Promise<Selectable<OrganizationQuotaTable>> {
  const quota = await db
    .selectFrom("organizationQuotas")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (quota === undefined) throw notFound("Organization quota");
  return quota;
}

function presentQuota(quota: Selectable<OrganizationQuotaTable>, links: Links) {
  return {
    guid: quota.guid,
    created_at: presentTimestamp(quota.createdAt),
    updated_at: presentTimestamp(quota.updatedAt),
    name: quota.name,
    ...limitsColumn.parse(JSON.parse(quota.limits)),
    relationships: { organizations: { data: [] } },
    links: { self: links.to(`/v3/organization_quotas/${quota.guid}`) },
  };
}
