import { sql } from "kysely";
import { findApp } from "../apps/find-app.ts";
import { requireOwnedByApp, visibleApps } from "../apps/require-owned-by-app.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { loadMetadata, updateMetadata } from "../metadata/metadata.ts";
import { findTask } from "./find-task.ts";
import { createTaskMessage, updateTaskMessage } from "./messages.ts";
import { cancelTask } from "./task-cancel.ts";
import { createTask, type TaskCreation } from "./task-create.ts";
import { taskKey } from "./task-ending.ts";
import { presentTask } from "./task-presenter.ts";
import { isFinal, type Task } from "./task-table.ts";

export interface TaskRoutes extends TaskCreation {
  readonly links: Links;
  readonly permissions: Permissions;
  readonly longPoll: LongPoll;
}

type ByGuid = { Params: { guid: string } };

/** How long one task is held while it runs: the official client's `run-task --wait` asks every 3 s. */
const holdMs = 3_000;

export function registerTasks(app: ApiServer, context: TaskRoutes): void {
  registerLists(app, context);
  registerCreation(app, context);
  registerSingle(app, context);
}

function registerLists(app: ApiServer, context: TaskRoutes): void {
  const { db, permissions } = context;
  app.get("/v3/tasks", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "states", "app_guids", "organization_guids", "space_guids"],
      labels: true,
    });
    return await presentList(context, list, { auth: request.auth });
  });
  app.get<ByGuid>("/v3/apps/:guid/tasks", async (request) => {
    const { guid } = request.params;
    const list = parseListQuery(request.query, {
      filters: ["names", "states", "sequence_ids"],
      labels: true,
    });
    const owner = await findApp(db, guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.read", { name: "App", place });
    const showsCommand = await permissions.can(request.auth, "secrets.read", place);
    return await presentList(context, list, { auth: request.auth, appGuid: guid, showsCommand });
  });
}

function registerCreation(app: ApiServer, context: TaskRoutes): void {
  const { db, permissions } = context;
  app.post<ByGuid>("/v3/apps/:guid/tasks", async (request, reply) => {
    if (!request.auth.isAdmin) await requireEnabled(db, "task_creation");
    const message = parseMessage(createTaskMessage, request.body);
    const owner = await findApp(db, request.params.guid);
    if (owner === undefined) throw notFound("App");
    const place = { spaceGuid: owner.spaceGuid };
    await permissions.require(request.auth, "space.write", { name: "App", place });
    const { droplet_guid } = message;
    const droplet =
      typeof droplet_guid === "string" ? await findDroplet(db, droplet_guid) : undefined;
    if (droplet_guid !== undefined && droplet?.appGuid !== owner.guid) throw notFound("Droplet");
    const actor = actorOf(request.auth);
    const task = await createTask(context, { app: owner, message, droplet, actor });
    return await reply.status(202).send(await present(context, task.guid, true));
  });
}

function registerSingle(app: ApiServer, context: TaskRoutes): void {
  const { db, clock, permissions, longPoll, tasks } = context;
  app.get<ByGuid>("/v3/tasks/:guid", async (request, reply) => {
    const { guid } = request.params;
    const found = await requireTask(context, request.auth, { guid, action: "space.read" });
    await longPoll.hold(request, reply, {
      key: taskKey(guid),
      read: () => findTask(db, guid),
      isPending: (task) => task !== undefined && !isFinal(task.state),
      maximumMs: holdMs,
    });
    const place = { spaceGuid: found.app.spaceGuid };
    return await present(context, guid, await permissions.can(request.auth, "secrets.read", place));
  });

  app.patch<ByGuid>("/v3/tasks/:guid", async (request) => {
    const { guid } = request.params;
    const message = parseMessage(updateTaskMessage, request.body);
    await requireTask(context, request.auth, { guid, action: "space.write" });
    await db
      .transaction()
      .execute((tx) => updateMetadata(tx, { type: "task", guid }, message.metadata));
    return await present(context, guid, true);
  });

  for (const [method, path] of [
    ["POST", "/v3/tasks/:guid/actions/cancel"],
    ["PUT", "/v3/tasks/:guid/cancel"],
  ] as const) {
    app.route<ByGuid>({
      method,
      url: path,
      handler: async (request, reply) => {
        const { guid } = request.params;
        const found = await requireTask(context, request.auth, { guid, action: "apps.manage" });
        const { resource: task, app: owner } = found;
        const actor = actorOf(request.auth);
        await cancelTask({ db, clock, tasks }, { task, app: owner, actor });
        return await reply.status(202).send(await present(context, guid, true));
      },
    });
  }
}

async function requireTask(
  context: TaskRoutes,
  auth: AuthContext,
  wanted: { readonly guid: string; readonly action: Action },
) {
  return await requireOwnedByApp(context, auth, {
    name: "Task",
    resource: await findTask(context.db, wanted.guid),
    action: wanted.action,
  });
}

async function present({ db, links }: TaskRoutes, guid: string, showsCommand: boolean) {
  const task = await findTask(db, guid);
  if (task === undefined) throw notFound("Task");
  const metadata = (await loadMetadata(db, "task", [guid])).get(guid);
  return presentTask(task, links, { metadata, showsCommand });
}

/** Over all apps no command is shown, whoever asks: the right would have to be looked up for each. */
async function presentList(
  context: TaskRoutes,
  list: ListQuery,
  of: { readonly auth: AuthContext; readonly appGuid?: string; readonly showsCommand?: boolean },
) {
  const { db, links } = context;
  const { names, states, sequence_ids } = list.filters;
  let query = db.selectFrom("tasks").selectAll("tasks");
  query =
    of.appGuid === undefined
      ? query.where("tasks.appGuid", "in", visibleApps(context, of.auth, list))
      : query.where("tasks.appGuid", "=", of.appGuid);
  if (names !== undefined) query = query.where(isOneOf(sql.ref("tasks.name"), names));
  if (states !== undefined) query = query.where(isOneOf(sql.ref("tasks.state"), states));
  if (sequence_ids !== undefined) {
    query = query.where("tasks.sequenceId", "in", sequenceNumbers(sequence_ids));
  }
  const { rows, total } = await fetchPage(query, list, "tasks", "task");
  const guids = rows.map(({ guid }: Task) => guid);
  const metadata = await loadMetadata(db, "task", guids);
  return presentPage({
    links,
    path: of.appGuid === undefined ? "/v3/tasks" : `/v3/apps/${of.appGuid}/tasks`,
    list,
    total,
    resources: rows.map((row) =>
      presentTask(row, links, {
        metadata: metadata.get(row.guid),
        showsCommand: of.showsCommand === true,
      }),
    ),
  });
}

/** What is no number names no task; 0 stands for it, since an empty list is no SQL. */
function sequenceNumbers(values: readonly string[]): number[] {
  return values.map((value) => (/^\d{1,9}$/.test(value) ? Number(value) : 0));
}
