import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { isNamed } from "../database/name-key.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { findVisibleSegment, visibleSegments } from "./find-isolation-segment.ts";
import {
  createIsolationSegment,
  deleteIsolationSegment,
  updateIsolationSegment,
} from "./isolation-segment-changes.ts";
import { presentIsolationSegment } from "./isolation-segment-presenter.ts";
import type { IsolationSegment } from "./isolation-segment-table.ts";
import { createIsolationSegmentMessage, updateIsolationSegmentMessage } from "./messages.ts";

interface SegmentRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
}

const path = "/v3/isolation_segments";

export function registerIsolationSegments(app: ApiServer, dependencies: SegmentRoutes): void {
  registerReading(app, dependencies);
  registerChanges(app, dependencies);
}

function registerReading(app: ApiServer, dependencies: SegmentRoutes): void {
  const { db, links } = dependencies;

  app.get(path, async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "organization_guids"],
      orderBy: { name: "name" },
      labels: true,
    });
    let query = visibleSegments(dependencies, request.auth);
    const { names, organization_guids: organizations } = list.filters;
    if (names !== undefined) {
      query = query.where(isNamed("isolationSegments.nameKey", names));
    }
    if (organizations !== undefined) {
      query = query.where("isolationSegments.guid", "in", (eb) =>
        eb
          .selectFrom("isolationSegmentEntitlements as wanted")
          .select("wanted.isolationSegmentGuid")
          .where(isOneOf(sql.ref("wanted.organization_guid"), organizations)),
      );
    }
    const page = await fetchPage(query, list, "isolationSegments", "isolation_segment");
    const guids = page.rows.map(({ guid }) => guid);
    const metadata = await loadMetadata(db, "isolation_segment", guids);
    const resources = page.rows.map((row) =>
      presentIsolationSegment(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
    );
    return presentPage({ links, path, list, total: page.total, resources });
  });

  app.get<{ Params: { guid: string } }>(`${path}/:guid`, async (request) =>
    present(
      dependencies,
      await findVisibleSegment(dependencies, request.auth, request.params.guid),
    ),
  );
}

/** Only administrators; said before the segment is looked for or the body read, as in the original. */
function registerChanges(app: ApiServer, dependencies: SegmentRoutes): void {
  const { db } = dependencies;

  app.post(path, async (request, reply) => {
    requireAdmin(request.auth);
    const message = parseMessage(createIsolationSegmentMessage, request.body);
    const created = await createIsolationSegment(dependencies, message);
    return await reply.status(201).send(await present(dependencies, created));
  });

  app.patch<{ Params: { guid: string } }>(`${path}/:guid`, async (request) => {
    requireAdmin(request.auth);
    const segment = await findVisibleSegment(dependencies, request.auth, request.params.guid);
    const message = parseMessage(updateIsolationSegmentMessage, request.body);
    return await present(
      dependencies,
      await updateIsolationSegment(dependencies, segment, message),
    );
  });

  app.delete<{ Params: { guid: string } }>(`${path}/:guid`, async (request, reply) => {
    requireAdmin(request.auth);
    const segment = await findVisibleSegment(dependencies, request.auth, request.params.guid);
    await deleteIsolationSegment(db, segment);
    return await reply.status(204).send();
  });
}

function requireAdmin(auth: AuthContext): void {
  if (!auth.isAdmin) throw new CfError("NotAuthorized");
}

async function present({ db, links }: SegmentRoutes, segment: IsolationSegment) {
  const metadata = await loadMetadata(db, "isolation_segment", [segment.guid]);
  return presentIsolationSegment(segment, {
    links,
    metadata: metadata.get(segment.guid) ?? noMetadata,
  });
}
