import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import type { App } from "../apps/app-table.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { parseShowQuery } from "../http/list-query.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import { withWarnings } from "../http/warnings.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { findProcess, findProcessOfType } from "./find-process.ts";
import type { InstanceReports } from "./instance-reports.ts";
import { scaleProcessMessage, updateProcessMessage } from "./messages.ts";
import { startCommands } from "./process-commands.ts";
import { presentProcess, presentStats } from "./process-presenter.ts";
import { instancesKey } from "../running/lrp-events.ts";
import { scaleProcess } from "./process-scale.ts";
import type { Process } from "./process-table.ts";
import { updateProcess } from "./process-update.ts";

export interface ProcessRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly limits: CloudControllerLimits;
  readonly runner: AppRunner;
  readonly reports: InstanceReports;
  readonly longPoll: LongPoll;
  readonly appLog: AppLog;
  /** Open files that an instance may have, as the stats tell. */
  readonly fileDescriptors: number;
}

/** How long stats are held while an instance is STARTING; the official client asks every 3 s. */
const statsHoldMs = 3_000;

interface Params {
  readonly guid: string;
  readonly type?: string;
  readonly index?: string;
}

interface Found {
  readonly app: App;
  readonly process: Process;
}

type Handler = (
  dependencies: ProcessRoutes,
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
) => Promise<unknown>;

/** What one process answers, under its guid and under its app and type: `/v3/apps/:guid/processes/:type`. */
export function registerSingleProcesses(app: ApiServer, dependencies: ProcessRoutes): void {
  for (const base of ["/v3/processes/:guid", "/v3/apps/:guid/processes/:type"]) {
    const on = (method: "GET" | "PATCH" | "POST" | "DELETE", path: string, handler: Handler) =>
      app.route<{ Params: Params }>({
        method,
        url: `${base}${path}`,
        handler: (request, reply) => handler(dependencies, request, reply),
      });
    on("GET", "", show);
    on("PATCH", "", update);
    on("GET", "/stats", stats);
    on("GET", "/process_instances", instances);
    on("POST", "/actions/scale", scale);
    on("DELETE", "/instances/:index", terminateInstance);
  }
}

const show: Handler = async (dependencies, request) => {
  const found = await find(dependencies, request, "space.read");
  const { embed } = parseShowQuery(request.query, { embed: ["process_instances"] });
  const document = await present(dependencies, request.auth, found);
  if (embed.length === 0) return document;
  const known = await dependencies.reports.instances([found.process]);
  return { ...document, process_instances: known.get(found.process.guid) ?? [] };
};

const update: Handler = async (dependencies, request) => {
  const { db, clock, limits, appLog } = dependencies;
  const { app, process } = await find(dependencies, request, "apps.manage");
  const message = parseMessage(updateProcessMessage, request.body);
  const context = { clock, limits, actor: actorOf(request.auth) };
  await db.transaction().execute((tx) => updateProcess(tx, context, { app, process, message }));
  appLog.write(app, `Updating process: "${process.type}"`);
  return await present(dependencies, request.auth, {
    app,
    process: (await findProcess(db, process.guid)) ?? process,
  });
};

const scale: Handler = async (dependencies, request, reply) => {
  const { db, clock, limits, runner, appLog } = dependencies;
  const { app, process } = await find(dependencies, request, "apps.manage");
  if (!request.auth.isAdmin) await requireEnabled(db, "app_scaling");
  const message = parseMessage(scaleProcessMessage, request.body);
  const context = { clock, limits, actor: actorOf(request.auth) };
  await db.transaction().execute((tx) => scaleProcess(tx, context, { app, process, message }));
  appLog.write(app, `Scaling process: "${process.type}"`);
  if (message.instances !== undefined && process.state === "STARTED") {
    await runner.processChanged(process.guid);
  }
  const scaled = (await findProcess(db, process.guid)) ?? process;
  return await reply
    .status(202)
    .send(await present(dependencies, request.auth, { app, process: scaled }));
};

const stats: Handler = async (dependencies, request, reply) => {
  const { longPoll, reports } = dependencies;
  const found = await find(dependencies, request, "space.read");
  const report = await longPoll.hold(request, reply, {
    key: instancesKey(found.process.guid),
    read: async () => {
      const process = await findProcess(dependencies.db, found.process.guid);
      return await reports.stats(process ?? found.process);
    },
    isPending: ({ stats: entries }) =>
      entries.some((entry) => entry.state === "STARTING") &&
      !entries.some((entry) => entry.state === "RUNNING" || entry.state === "CRASHED"),
    maximumMs: statsHoldMs,
  });
  withWarnings(reply, report.warnings);
  return {
    resources: report.stats.map((entry) =>
      presentStats(found.process, entry, dependencies.fileDescriptors),
    ),
  };
};

const instances: Handler = async (dependencies, request) => {
  const { links, reports } = dependencies;
  const { process } = await find(dependencies, request, "space.read");
  const known = await reports.instances([process]);
  const path = `/v3/processes/${process.guid}/process_instances`;
  return {
    resources: known.get(process.guid) ?? [],
    links: {
      self: links.to(path),
      process: links.to(`/v3/processes/${process.guid}`),
    },
  };
};

const terminateInstance: Handler = async (dependencies, request, reply) => {
  const { db, clock, runner, appLog } = dependencies;
  const { app, process } = await find(dependencies, request, "apps.manage");
  const text = request.params.index ?? "";
  const index = /^\d{1,9}$/.test(text) ? Number(text) : process.instances;
  if (index >= process.instances) throw notFound("Instance");
  await runner.stopInstance(process.guid, index);
  await recordAuditEvent(db, clock, {
    type: "audit.app.process.terminate_instance",
    actor: actorOf(request.auth),
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { process_guid: process.guid, process_type: process.type, process_index: index },
  });
  appLog.write(app, `Terminating process: "${process.type}", instance: "${index}"`);
  return await reply.status(204).send();
};

async function find(
  { db, permissions }: ProcessRoutes,
  request: FastifyRequest<{ Params: Params }>,
  action: Action,
): Promise<Found> {
  const { guid, type } = request.params;
  const name = type === undefined ? "Process" : "App";
  const process =
    type === undefined ? await findProcess(db, guid) : await findProcessOfType(db, guid, type);
  const app = await findApp(db, process?.appGuid ?? guid);
  if (app === undefined) throw notFound(name);
  await permissions.require(request.auth, action, { name, place: { spaceGuid: app.spaceGuid } });
  if (process === undefined) throw notFound("Process");
  return { app, process };
}

async function present(
  { db, links, permissions }: ProcessRoutes,
  auth: AuthContext,
  { app, process }: Found,
) {
  const place = { spaceGuid: app.spaceGuid };
  const seesSecrets = await permissions.can(auth, "secrets.read", place);
  const commands = seesSecrets ? await startCommands(db, [process]) : undefined;
  const metadata = await loadMetadata(db, "process", [process.guid]);
  return presentProcess(process, {
    links,
    spaceGuid: app.spaceGuid,
    metadata: metadata.get(process.guid) ?? noMetadata,
    command:
      commands === undefined ? "[PRIVATE DATA HIDDEN]" : (commands.get(process.guid) ?? null),
  });
}
