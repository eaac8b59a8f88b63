import { randomGuids } from "#kernel/guid.ts";
import { hidden, recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf } from "../http/auth-context.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseMessage } from "../http/parse-message.ts";
import { findProcessOfType } from "../processes/find-process.ts";
import { appPlace } from "../running/app-place.ts";
import { mappedRoutes, urisOf } from "../running/mapped-routes.ts";
import { vcapApplication } from "../running/vcap-application.ts";
import { permittedApp, type AppRoutes } from "./app-access.ts";
import { assignDroplet } from "./assign-droplet.ts";
import { environmentVariablesMessage, mergeVariables } from "./environment-variables.ts";
import type { App } from "./app-table.ts";
import { findApp } from "./find-app.ts";
import { currentDropletMessage } from "./messages.ts";

/** Environment and current droplet of an app: what its next start runs, and with what. */
export function registerAppConfiguration(app: ApiServer, dependencies: AppRoutes): void {
  registerEnvironment(app, dependencies);
  registerVariables(app, dependencies);
  registerCurrentDroplet(app, dependencies);
}

function registerEnvironment(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, permissions } = dependencies;
  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/env", async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "environment.read");
    if (!request.auth.isAdmin) {
      await requireEnabled(db, "env_var_visibility");
      await requireEnabled(db, "space_developer_env_var_visibility");
    }
    const place = { spaceGuid: found.spaceGuid };
    const seesSecrets = await permissions.can(request.auth, "secrets.read", place);
    await recordAuditEvent(db, clock, {
      type: "audit.app.environment.show",
      actor: actorOf(request.auth),
      target: { guid, type: "app", name: found.name },
      spaceGuid: found.spaceGuid,
    });
    const staging = await environmentVariableGroup(db, "staging");
    const running = await environmentVariableGroup(db, "running");
    return {
      environment_variables: found.environmentVariables,
      staging_env_json: staging.variables,
      running_env_json: running.variables,
      system_env_json: seesSecrets
        ? { VCAP_SERVICES: {} }
        : { redacted_message: "[PRIVATE DATA HIDDEN]" },
      application_env_json: { VCAP_APPLICATION: await presentVcapApplication(dependencies, found) },
    };
  });
}

async function presentVcapApplication({ db, links, limits, fileDescriptors }: AppRoutes, app: App) {
  const place = await appPlace(db, app.spaceGuid);
  const routes = await mappedRoutes(db, [app.guid]);
  const web = await findProcessOfType(db, app.guid, "web");
  return vcapApplication({
    app,
    place,
    uris: urisOf(routes.get(app.guid) ?? []),
    apiUrl: links.href(""),
    version: web?.version ?? randomGuids(),
    limits: {
      fileDescriptors,
      memoryInMb: web?.memoryInMb ?? limits.defaultMemoryInMb,
      diskInMb: web?.diskInMb ?? limits.defaultDiskInMb,
    },
  });
}

function registerVariables(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, links, appLog } = dependencies;
  const path = "/v3/apps/:guid/environment_variables";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "environment.read");
    await recordAuditEvent(db, clock, {
      type: "audit.app.environment_variables.show",
      actor: actorOf(request.auth),
      target: { guid, type: "app", name: found.name },
      spaceGuid: found.spaceGuid,
    });
    return presentVariables(guid, found.environmentVariables);
  });

  app.patch<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const message = parseMessage(environmentVariablesMessage, request.body);
    const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
    const variables = await db.transaction().execute(async (tx) => {
      const current = (await findApp(tx, guid))?.environmentVariables ?? {};
      const merged = mergeVariables(current, message.var);
      await tx
        .updateTable("apps")
        .set({ ...touched(clock), environmentVariables: JSON.stringify(merged) })
        .where("guid", "=", guid)
        .execute();
      await recordAuditEvent(tx, clock, {
        type: "audit.app.update",
        actor: actorOf(request.auth),
        target: { guid, type: "app", name: found.name },
        spaceGuid: found.spaceGuid,
        data: { request: { environment_variables: hidden } },
      });
      return merged;
    });
    appLog.write(
      found,
      `Updated app with guid ${guid} (${JSON.stringify({ environment_variables: hidden })})`,
    );
    return presentVariables(guid, variables);
  });

  function presentVariables(guid: string, variables: Readonly<Record<string, unknown>>) {
    return {
      var: variables,
      links: {
        self: links.to(`/v3/apps/${guid}/environment_variables`),
        app: links.to(`/v3/apps/${guid}`),
      },
    };
  }
}

function registerCurrentDroplet(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, limits, links, appLog } = dependencies;
  const path = "/v3/apps/:guid/relationships/current_droplet";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    return presentCurrent(guid, found.dropletGuid);
  });

  app.patch<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const message = parseMessage(currentDropletMessage, request.body);
    const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
    const dropletGuid = message.data?.guid;
    const context = { clock, limits, actor: actorOf(request.auth) };
    await db.transaction().execute((tx) => assignDroplet(tx, context, { app: found, dropletGuid }));
    appLog.write(
      found,
      `Updated app with guid ${guid} (${JSON.stringify({ droplet_guid: dropletGuid })})`,
    );
    return presentCurrent(guid, dropletGuid ?? null);
  });

  function presentCurrent(guid: string, dropletGuid: string | null) {
    return {
      data: dropletGuid === null ? null : { guid: dropletGuid },
      links: {
        self: links.to(`/v3/apps/${guid}/relationships/current_droplet`),
        related: links.to(`/v3/apps/${guid}/droplets/current`),
      },
    };
  }
}
