import { randomGuids } from "#kernel/guid.ts";
import { hidden, recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import { isDeploying } from "../deployments/find-deployment.ts";
import { environmentVariableGroup } from "../environment-variable-groups/find-environment-variable-group.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseMessage } from "../http/parse-message.ts";
import { findProcessOfType } from "../processes/find-process.ts";
import { appPlace } from "../running/app-place.ts";
import { mappedRoutes, urisOf } from "../running/mapped-routes.ts";
import { vcapApplication } from "../running/vcap-application.ts";
import { permittedApp, type AppRoutes } from "./app-access.ts";
import { assignDroplet } from "./assign-droplet.ts";
import {
  environmentVariablesMessage,
  mergeVariables,
  requireFits,
} from "./environment-variables.ts";
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
    const found = await readableEnvironment(dependencies, request.auth, guid);
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

/** The first flag hides environments from everybody, the second from all but those who read the whole platform. */
async function readableEnvironment(
  dependencies: AppRoutes,
  auth: AuthContext,
  guid: string,
): Promise<App> {
  await requireEnabled(dependencies.db, "env_var_visibility");
  const found = await permittedApp(dependencies, auth, guid, "environment.read");
  if (!auth.isAdmin && !auth.isAdminReadOnly) {
    await requireEnabled(dependencies.db, "space_developer_env_var_visibility");
  }
  return found;
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
    const found = await readableEnvironment(dependencies, request.auth, guid);
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
    const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
    const message = parseMessage(environmentVariablesMessage, request.body);
    const variables = await db.transaction().execute(async (tx) => {
      const current = (await findApp(tx, guid))?.environmentVariables ?? {};
      const merged = mergeVariables(current, message.var);
      requireFits(merged);
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

const dropletIsDeploying =
  "Unable to assign current droplet while the app has a deployment in progress. Wait for the deployment to complete or cancel it.";

function registerCurrentDroplet(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock, limits, links, appLog } = dependencies;
  const path = "/v3/apps/:guid/relationships/current_droplet";

  app.get<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    if (found.dropletGuid === null) throw notFound("Droplet");
    return presentCurrent(guid, found.dropletGuid);
  });

  app.patch<{ Params: { guid: string } }>(path, async (request) => {
    const { guid } = request.params;
    const dropletGuid = wantedDroplet(request.body);
    const found = await permittedApp(dependencies, request.auth, guid, "apps.manage");
    const context = { clock, limits, actor: actorOf(request.auth) };
    await db.transaction().execute(async (tx) => {
      if (await isDeploying(tx, guid)) throw unprocessable(dropletIsDeploying);
      await assignDroplet(tx, context, { app: found, dropletGuid });
    });
    appLog.write(
      found,
      `Updated app with guid ${guid} (${JSON.stringify({ droplet_guid: dropletGuid })})`,
    );
    return presentCurrent(guid, dropletGuid);
  });

  function presentCurrent(guid: string, dropletGuid: string) {
    return {
      data: { guid: dropletGuid },
      links: {
        self: links.to(`/v3/apps/${guid}/relationships/current_droplet`),
        related: links.to(`/v3/apps/${guid}/droplets/current`),
      },
    };
  }
}

/** What the body does not name, or names wrongly, is a droplet that does not exist. */
function wantedDroplet(body: unknown): string {
  const message = currentDropletMessage.safeParse(body).data;
  if (message !== undefined && "data" in message && (message.data?.guid ?? null) === null) {
    throw unprocessable("Current droplet cannot be removed. Replace it with a preferred droplet.");
  }
  return message?.data?.guid ?? "";
}
