import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { badQuery, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import type { AuditEventTable } from "./audit-event-table.ts";

const dataColumn = z.record(z.string(), z.unknown());

export function registerAuditEvents(
  app: ApiServer,
  {
    db,
    links,
    permissions,
  }: { readonly db: Database; readonly links: Links; readonly permissions: Permissions },
): void {
  app.get("/v3/audit_events", async (request) => {
    if (Object.keys(request.query ?? {}).some((key) => /^target_guids\[(?!not\])/.test(key))) {
      throw badQuery("Target guids target_guids has an invalid operator");
    }
    const list = parseListQuery(request.query, {
      filters: ["types", "target_guids", "space_guids", "organization_guids", "target_guids[not]"],
    });
    let query = visibleEvents(request.auth);
    const columns = {
      types: "type",
      target_guids: "target_guid",
      space_guids: "space_guid",
      organization_guids: "organization_guid",
    };
    for (const [filter, column] of Object.entries(columns)) {
      const values = list.filters[filter];
      if (values === undefined) continue;
      query = query.where(isOneOf(sql.ref(`audit_events.${column}`), values));
    }
    const excluded = list.filters["target_guids[not]"];
    if (excluded !== undefined) {
      query = query.where((eb) => eb.not(isOneOf(sql.ref("audit_events.target_guid"), excluded)));
    }
    const page = await fetchPage(query, list, "auditEvents");
    return presentPage({
      links,
      path: "/v3/audit_events",
      list,
      total: page.total,
      resources: page.rows.map((row) => presentAuditEvent(row, links)),
    });
  });

  app.get<{ Params: { guid: string } }>("/v3/audit_events/:guid", async (request) => {
    const event = await visibleEvents(request.auth)
      .where("auditEvents.guid", "=", request.params.guid)
      .executeTakeFirst();
    if (event === undefined) throw notFound("Event");
    return presentAuditEvent(event, links);
  });

  function visibleEvents(auth: AuthContext) {
    const query = db.selectFrom("auditEvents").selectAll("auditEvents");
    const spaces = permissions.spaces(auth, "audit-events.read");
    const organizations = permissions.organizations(auth, "audit-events.read");
    if (spaces === undefined || organizations === undefined) return query;
    return query.where((eb) =>
      eb.or([
        eb("auditEvents.spaceGuid", "in", spaces),
        eb("auditEvents.organizationGuid", "in", organizations),
      ]),
    );
  }
}

function presentAuditEvent(event: Selectable<AuditEventTable>, links: Links) {
  return {
    guid: event.guid,
    created_at: presentTimestamp(event.createdAt),
    updated_at: presentTimestamp(event.updatedAt),
    type: event.type,
    actor: { guid: event.actorGuid, type: event.actorType, name: event.actorName },
    target: { guid: event.targetGuid, type: event.targetType, name: event.targetName },
    data: dataColumn.parse(JSON.parse(event.data)),
    space: event.spaceGuid === null ? null : { guid: event.spaceGuid },
    organization: event.organizationGuid === null ? null : { guid: event.organizationGuid },
    links: { self: links.to(`/v3/audit_events/${event.guid}`) },
  };
}
