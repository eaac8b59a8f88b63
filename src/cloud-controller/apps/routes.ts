import { hidden, recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { actorOf } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseShowQuery } from "../http/list-query.ts";
import { parseMessage } from "../http/parse-message.ts";
import { withWarnings } from "../http/warnings.ts";
import { acceptJob } from "../jobs/routes.ts";
import { includedSpaces } from "../spaces/included-spaces.ts";
import { permittedApp, presentStoredApp, type AppRoutes } from "./app-access.ts";
import { createApp } from "./app-create.ts";
import { appIncludes, registerAppLists } from "./list-routes.ts";
import { requireDroplet, restartApp, startApp, stopApp } from "./app-state.ts";
import { updateApp, withoutSecrets } from "./app-update.ts";
import { resolveLifecycle, stackWarnings } from "./check-lifecycle.ts";
import { createAppMessage, updateAppMessage } from "./messages.ts";

export function registerApps(app: ApiServer, dependencies: AppRoutes): void {
  registerAppLists(app, dependencies);
  registerCreation(app, dependencies);
  registerSingle(app, dependencies);
  registerActions(app, dependencies);
}

function registerCreation(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, limits, permissions, appLog } = dependencies;
  app.post("/v3/apps", async (request, reply) => {
    const message = parseMessage(createAppMessage, request.body);
    const spaceGuid = message.relationships.space.data.guid;
    const place = { spaceGuid };
    if (!(await isSpaceVisible(dependencies, request.auth, spaceGuid))) {
      throw unprocessable("Invalid space. Ensure that the space exists and you have access to it.");
    }
    await permissions.require(request.auth, "space.write", { name: "Space", place });
    const created = await db.transaction().execute(async (tx) =>
      createApp(
        tx,
        { clock, limits, actor: actorOf(request.auth) },
        {
          name: message.name,
          spaceGuid,
          lifecycle: await resolveLifecycle(tx, limits, message.lifecycle, undefined),
          environmentVariables: message.environment_variables ?? {},
          metadata: message.metadata,
          request: {
            ...withoutSecrets(message),
            ...("environment_variables" in message ? { environment_variables: hidden } : {}),
          },
        },
      ),
    );
    appLog.write(created, `Created app with guid ${created.guid}`);
    withWarnings(reply, await stackWarnings(db, created));
    return await reply.status(201).send(await presentStoredApp(dependencies, created.guid));
  });
}

async function isSpaceVisible(
  { db, permissions }: AppRoutes,
  auth: Parameters<typeof permissions.can>[0],
  spaceGuid: string,
): Promise<boolean> {
  const space = await db
    .selectFrom("spaces")
    .select("guid")
    .where("guid", "=", spaceGuid)
    .executeTakeFirst();
  return space !== undefined && (await permissions.can(auth, "space.read", { spaceGuid }));
}

function registerSingle(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, links, limits, jobs, runner, appLog } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid", async (request) => {
    const { include } = parseShowQuery(request.query, { include: appIncludes });
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    const document = await presentStoredApp(dependencies, guid);
    if (include.length === 0) return document;
    const spaceGuids = [found.spaceGuid];
    const included = await includedSpaces(db, links, { include, spaceGuids });
    return { ...document, included };
  });

  app.patch<{ Params: { guid: string } }>("/v3/apps/:guid", async (request, reply) => {
    const message = parseMessage(updateAppMessage, request.body);
    const found = await permittedApp(
      dependencies,
      request.auth,
      request.params.guid,
      "space.write",
    );
    const context = { clock, limits, actor: actorOf(request.auth) };
    await db.transaction().execute((tx) => updateApp(tx, context, { app: found, message }));
    if (message.name !== undefined) await runner.appRenamed(found.guid);
    appLog.write(
      found,
      `Updated app with guid ${found.guid} (${JSON.stringify(withoutSecrets(message))})`,
    );
    const stack = message.lifecycle?.data.stack;
    if (typeof stack === "string") {
      const lifecycle = { ...found.lifecycle, stack };
      withWarnings(reply, await stackWarnings(db, { guid: found.guid, lifecycle }));
    }
    return await presentStoredApp(dependencies, found.guid);
  });

  app.delete<{ Params: { guid: string } }>("/v3/apps/:guid", async (request, reply) => {
    const found = await permittedApp(
      dependencies,
      request.auth,
      request.params.guid,
      "space.write",
    );
    const actor = actorOf(request.auth);
    const job = await db.transaction().execute(async (tx) => {
      await recordAuditEvent(tx, clock, {
        type: "audit.app.delete-request",
        actor,
        target: { guid: found.guid, type: "app", name: found.name },
        spaceGuid: found.spaceGuid,
      });
      return await jobs.insert(tx, {
        operation: "app.delete",
        payload: { appGuid: found.guid },
        resource: { guid: found.guid, type: "app" },
        actor,
      });
    });
    jobs.activate();
    appLog.write(found, `Enqueued job to delete app with guid ${found.guid}`);
    return await acceptJob(reply, links, job);
  });
}

function registerActions(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, runner, stagings, appLog, jobs, links } = dependencies;
  const actions = { start: startApp, stop: stopApp, restart: restartApp };
  for (const [name, act] of Object.entries(actions)) {
    app.post<{ Params: { guid: string } }>(`/v3/apps/:guid/actions/${name}`, async (request) => {
      const { guid } = request.params;
      const seen = await permittedApp(dependencies, request.auth, guid, "space.read");
      if (act !== stopApp) requireDroplet(seen);
      const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
      await act({ db, clock, runner, stagings, appLog, actor: actorOf(request.auth) }, found);
      return await presentStoredApp(dependencies, guid);
    });
  }

  app.post<{ Params: { guid: string } }>(
    "/v3/apps/:guid/actions/clear_buildpack_cache",
    async (request, reply) => {
      const { guid } = request.params;
      const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
      const job = await jobs.enqueue({
        operation: "app.clear_buildpack_cache",
        payload: { appGuid: found.guid },
        resource: { guid: found.guid, type: "app" },
        actor: actorOf(request.auth),
      });
      appLog.write(found, `Enqueued job to delete app buildpack cache with app guid ${found.guid}`);
      return await acceptJob(reply, links, job);
    },
  );

  app.post("/v3/admin/actions/clear_buildpack_cache", async (request, reply) => {
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const job = await jobs.enqueue({
      operation: "admin.clear_buildpack_cache",
      payload: {},
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}
