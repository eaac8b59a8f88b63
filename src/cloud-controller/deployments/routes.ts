import { sql } from "kysely";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp, visibleApps } from "../apps/require-owned-by-app.ts";
import { touched } from "../database/record.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import {
  cancelDeployment,
  continueDeployment,
  type DeploymentChange,
} from "./deployment-cancel.ts";
import { createDeployment } from "./deployment-create.ts";
import { presentDeployment } from "./deployment-presenter.ts";
import { deploymentKey } from "./deployment-status.ts";
import { toDeployment, type Deployment } from "./deployment-table.ts";
import type { DeploymentUpdater } from "./deployment-updater.ts";
import { findDeployment } from "./find-deployment.ts";
import { createDeploymentMessage, updateDeploymentMessage } from "./messages.ts";

export interface DeploymentRoutes extends DeploymentChange {
  readonly links: Links;
  readonly permissions: Permissions;
  readonly longPoll: LongPoll;
  readonly updater: Pick<DeploymentUpdater, "changed" | "notice">;
}

type ByGuid = { Params: { guid: string } };
interface ToOne {
  readonly params: { readonly guid: string };
  readonly auth: AuthContext;
}

export function registerDeployments(app: ApiServer, context: DeploymentRoutes): void {
  registerCreation(app, context);
  registerList(app, context);
  registerSingle(app, context);
  registerActions(app, context);
}

function registerCreation(app: ApiServer, context: DeploymentRoutes): void {
  const { db, permissions, updater } = context;
  app.post("/v3/deployments", async (request, reply) => {
    const { auth, body } = request;
    const message = parseMessage(createDeploymentMessage, body);
    const found = await findApp(db, message.appGuid ?? "");
    const place = found === undefined ? undefined : { spaceGuid: found.spaceGuid };
    // Never 403 or 404 here: whether the app exists is not told.
    if (
      found === undefined ||
      place === undefined ||
      !(await permissions.can(auth, "apps.manage", place))
    ) {
      throw unprocessable(
        "Unable to use app. Ensure that the app exists and you have access to it.",
      );
    }
    await permissions.requireWritable(auth, place);
    if (message.revisionGuid !== undefined && !found.features.revisions) {
      throw unprocessable(
        "Cannot create deployment from a revision for an app without revisions enabled",
      );
    }
    const actor = actorOf(auth);
    const created = await createDeployment(context, { app: found, message, actor, body });
    await updater.changed(created);
    return await reply.status(201).send(await present(context, created.deployment.guid));
  });
}

function registerList(app: ApiServer, context: DeploymentRoutes): void {
  const { db, links } = context;
  app.get("/v3/deployments", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["app_guids", "states", "status_reasons", "status_values"],
      labels: true,
    });
    const { states, status_reasons, status_values } = list.filters;
    let query = db
      .selectFrom("deployments")
      .selectAll("deployments")
      .where("deployments.appGuid", "in", visibleApps(context, request.auth, list));
    for (const [column, values] of [
      ["deployments.state", states],
      ["deployments.statusReason", status_reasons],
      ["deployments.statusValue", status_values],
    ] as const) {
      if (values !== undefined) query = query.where(isOneOf(sql.ref(column), values));
    }
    const { rows, total } = await fetchPage(query, list, "deployments", "deployment");
    const resources = await presentAllOf(context, rows.map(toDeployment));
    return presentPage({ links, path: "/v3/deployments", list, total, resources });
  });
}

function registerSingle(app: ApiServer, context: DeploymentRoutes): void {
  const { db, clock, longPoll } = context;
  app.get<ByGuid>("/v3/deployments/:guid", async (request, reply) => {
    const { guid } = request.params;
    const { resource: before } = await find(context, request, "space.read");
    await longPoll.hold(request, reply, {
      key: deploymentKey(guid),
      read: () => findDeployment(db, guid),
      isPending: (now) =>
        now !== undefined &&
        now.statusValue === "ACTIVE" &&
        now.statusReason !== "PAUSED" &&
        now.statusReason === before.statusReason &&
        now.error === before.error,
    });
    return await present(context, guid);
  });

  app.patch<ByGuid>("/v3/deployments/:guid", async (request) => {
    const { guid } = request.params;
    await find(context, request, "space.write");
    const message = parseMessage(updateDeploymentMessage, request.body);
    await db.transaction().execute(async (tx) => {
      await updateMetadata(tx, { type: "deployment", guid }, message.metadata);
      await tx.updateTable("deployments").set(touched(clock)).where("guid", "=", guid).execute();
    });
    return await present(context, guid);
  });
}

function registerActions(app: ApiServer, context: DeploymentRoutes): void {
  const { permissions, updater } = context;
  for (const [name, act] of [
    ["cancel", cancelDeployment],
    ["continue", continueDeployment],
  ] as const) {
    app.post<ByGuid>(`/v3/deployments/:guid/actions/${name}`, async (request, reply) => {
      const { guid } = request.params;
      const { app: owner } = await find(context, request, "space.read");
      const place = { spaceGuid: owner.spaceGuid };
      // Who may see it but not do that is told that there is none, as in the original.
      if (!(await permissions.can(request.auth, "apps.manage", place))) {
        throw notFound("Deployment");
      }
      await permissions.requireWritable(request.auth, place);
      await act(context, { guid, app: owner, actor: actorOf(request.auth) });
      updater.notice(guid);
      return await reply.status(200).send();
    });
  }
}

async function find(context: DeploymentRoutes, request: ToOne, action: Action) {
  return await requireOwnedByApp(context, request.auth, {
    name: "Deployment",
    resource: await findDeployment(context.db, request.params.guid),
    action,
  });
}

async function present(context: DeploymentRoutes, guid: string) {
  const deployment = await findDeployment(context.db, guid);
  if (deployment === undefined) throw notFound("Deployment");
  const [presented] = await presentAllOf(context, [deployment]);
  return presented;
}

async function presentAllOf(
  { db, links }: Pick<DeploymentRoutes, "db" | "links">,
  deployments: readonly Deployment[],
) {
  const guids = deployments.map(({ guid }) => guid);
  const metadata = await loadMetadata(db, "deployment", guids);
  const apps = await db
    .selectFrom("apps")
    .select("guid")
    .where(
      isOneOf(
        sql.ref("apps.guid"),
        deployments.map(({ appGuid }) => appGuid),
      ),
    )
    .where("revisionsEnabled", "=", 1)
    .execute();
  const keeping = new Set(apps.map(({ guid }) => guid));
  return deployments.map((deployment) =>
    presentDeployment(deployment, {
      links,
      metadata: metadata.get(deployment.guid) ?? noMetadata,
      keepsRevisions: keeping.has(deployment.appGuid),
    }),
  );
}
