import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { badQuery, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { loadMetadata, metadataSchema, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { findRevision } from "./find-revision.ts";
import { presentRevision, presentRevisionEnvironment } from "./revision-presenter.ts";
import { toRevision, type RevisionTable } from "./revision-table.ts";

export interface RevisionRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

type ByGuid = { Params: { guid: string } };

const updateRevisionMessage = z.strictObject({ metadata: metadataSchema.optional() });

export function registerRevisions(app: ApiServer, dependencies: RevisionRoutes): void {
  registerRevisionsOfApps(app, dependencies);
  registerSingleRevisions(app, dependencies);
}

function registerRevisionsOfApps(app: ApiServer, dependencies: RevisionRoutes): void {
  const { db } = dependencies;

  app.get<ByGuid>("/v3/apps/:guid/revisions", async (request) => {
    const { guid } = request.params;
    const spec = { filters: ["versions"], labels: true, extra: ["deployable"] };
    const list = parseListQuery(request.query, spec);
    // Declared a boolean, but a query has only strings: the original refuses every value.
    if (list.raw["deployable"] !== undefined) throw badQuery("Deployable must be a boolean");
    await requireApp(dependencies, request.auth, guid);
    let query = db.selectFrom("revisions").selectAll("revisions").where("appGuid", "=", guid);
    const { versions } = list.filters;
    if (versions !== undefined) {
      const numbers = versions.filter((text) => /^\d{1,5}$/.test(text)).map(Number);
      query = query.where((eb) =>
        numbers.length === 0 ? eb.lit(false) : eb("version", "in", numbers),
      );
    }
    const page = await fetchPage(query, list, "revisions", "revision");
    return await presentList(dependencies, { ...page, list, path: `/v3/apps/${guid}/revisions` });
  });

  app.get<ByGuid>("/v3/apps/:guid/revisions/deployed", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, { filters: [] });
    await requireApp(dependencies, request.auth, guid);
    const query = db
      .selectFrom("revisions")
      .selectAll("revisions")
      .where("revisions.guid", "in", (eb) =>
        eb
          .selectFrom("processes")
          .select((process) => process.ref("processes.revisionGuid").$notNull().as("guid"))
          .where("processes.appGuid", "=", guid)
          .where("processes.state", "=", "STARTED")
          .where("processes.revisionGuid", "is not", null),
      );
    const page = await fetchPage(query, list, "revisions");
    const path = `/v3/apps/${guid}/revisions/deployed`;
    return await presentList(dependencies, { ...page, list, path });
  });
}

function registerSingleRevisions(app: ApiServer, dependencies: RevisionRoutes): void {
  const { db, clock, links } = dependencies;
  const path = "/v3/revisions/:guid";

  app.get<ByGuid>(path, async (request) => {
    await find(request, "space.read");
    return await present(dependencies, request.params.guid);
  });

  app.patch<ByGuid>(path, async (request) => {
    const { guid } = request.params;
    const message = parseMessage(updateRevisionMessage, request.body);
    await find(request, "space.write");
    await db.transaction().execute(async (tx) => {
      await updateMetadata(tx, { type: "revision", guid }, message.metadata);
      await tx.updateTable("revisions").set(touched(clock)).where("guid", "=", guid).execute();
    });
    return await present(dependencies, guid);
  });

  app.get<ByGuid>(`${path}/environment_variables`, async (request) => {
    const { resource: revision, app: owner } = await find(request, "secrets.read");
    await recordAuditEvent(db, clock, {
      type: "audit.app.revision.environment_variables.show",
      actor: actorOf(request.auth),
      target: { guid: owner.guid, type: "app", name: owner.name },
      spaceGuid: owner.spaceGuid,
      data: { revision_guid: revision.guid, revision_version: revision.version },
    });
    return presentRevisionEnvironment(revision, links);
  });

  async function find(
    request: { readonly params: { readonly guid: string }; readonly auth: AuthContext },
    action: Action,
  ) {
    return await requireOwnedByApp(dependencies, request.auth, {
      name: "Revision",
      resource: await findRevision(db, request.params.guid),
      action,
    });
  }
}

async function requireApp(
  { db, permissions }: RevisionRoutes,
  auth: AuthContext,
  guid: string,
): Promise<void> {
  const found = await findApp(db, guid);
  if (found === undefined) throw notFound("App");
  const place = { spaceGuid: found.spaceGuid };
  await permissions.require(auth, "space.read", { name: "App", place });
}

async function present(dependencies: RevisionRoutes, guid: string) {
  const { db } = dependencies;
  const rows = await db.selectFrom("revisions").selectAll().where("guid", "=", guid).execute();
  const [presented] = await presentAllOf(dependencies, rows);
  if (presented === undefined) throw notFound("Revision");
  return presented;
}

async function presentList(
  dependencies: RevisionRoutes,
  page: {
    readonly list: ListQuery;
    readonly path: string;
    readonly rows: readonly Selectable<RevisionTable>[];
    readonly total: number;
  },
) {
  const { list, path, total } = page;
  const resources = await presentAllOf(dependencies, page.rows);
  return presentPage({ links: dependencies.links, path, list, total, resources });
}

async function presentAllOf(
  { db, links }: RevisionRoutes,
  rows: readonly Selectable<RevisionTable>[],
) {
  const revisions = rows.map(toRevision);
  const metadata = await loadMetadata(
    db,
    "revision",
    revisions.map(({ guid }) => guid),
  );
  const dropletGuids = revisions.map(({ dropletGuid }) => dropletGuid);
  const staged = await db
    .selectFrom("droplets")
    .select("guid")
    .where(isOneOf(sql.ref("droplets.guid"), dropletGuids))
    .where("state", "=", "STAGED")
    .execute();
  const deployable = new Set(staged.map(({ guid }) => guid));
  return revisions.map((revision) =>
    presentRevision(revision, {
      links,
      metadata: metadata.get(revision.guid) ?? noMetadata,
      isDeployable: deployable.has(revision.dropletGuid),
    }),
  );
}
