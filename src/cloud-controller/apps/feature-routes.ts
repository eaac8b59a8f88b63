import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { actorOf } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseMessage } from "../http/parse-message.ts";
import { featureMessage } from "../spaces/messages.ts";
import { permittedApp, type AppRoutes } from "./app-access.ts";
import { sshRefusal } from "./ssh-access.ts";
import { appFeatures, isFeature, setFeatures, type FeatureName } from "./set-features.ts";

/** Switches of an app, and what its reader may see and whether ssh is open. */
export function registerAppFeatures(app: ApiServer, dependencies: AppRoutes): void {
  registerSwitches(app, dependencies);
  registerReports(app, dependencies);
}

function registerSwitches(app: ApiServer, dependencies: AppRoutes): void {
  const { db, clock } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/features", async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    const names = Object.keys(appFeatures).filter(isFeature);
    // A list that has no pages: the original links it by its path alone.
    const self = { href: `/v3/apps/${guid}/features` };
    return {
      resources: names.map((name) => presentFeature(name, found.features[name])),
      pagination: {
        total_results: names.length,
        total_pages: 1,
        first: self,
        last: self,
        next: null,
        previous: null,
      },
    };
  });

  app.get<{ Params: { guid: string; name: string } }>(
    "/v3/apps/:guid/features/:name",
    async (request) => {
      const { guid, name } = request.params;
      const found = await permittedApp(dependencies, request.auth, guid, "space.read");
      if (!isFeature(name)) throw notFound("Feature");
      return presentFeature(name, found.features[name]);
    },
  );

  app.patch<{ Params: { guid: string; name: string } }>(
    "/v3/apps/:guid/features/:name",
    async (request) => {
      const { guid, name } = request.params;
      await permittedApp(dependencies, request.auth, guid, "space.read");
      if (!isFeature(name)) throw notFound("Feature");
      // Supporters may switch revisions; the rest is the developers'.
      const action = name === "revisions" ? "apps.manage" : "space.write";
      const found = await permittedApp(dependencies, request.auth, guid, action);
      const { enabled } = parseMessage(featureMessage, request.body);
      await db.transaction().execute(async (tx) => {
        await setFeatures(tx, clock, { app: found, features: { [name]: enabled } });
        await recordAuditEvent(tx, clock, {
          type: "audit.app.update",
          actor: actorOf(request.auth),
          target: { guid, type: "app", name: found.name },
          spaceGuid: found.spaceGuid,
          data: { request: { [name]: enabled } },
        });
      });
      return presentFeature(name, enabled);
    },
  );
}

function registerReports(app: ApiServer, dependencies: AppRoutes): void {
  const { db, permissions } = dependencies;

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/permissions", async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    const place = { spaceGuid: found.spaceGuid };
    return {
      read_basic_data: true,
      read_sensitive_data: await permissions.can(request.auth, "secrets.read", place),
    };
  });

  app.get<{ Params: { guid: string } }>("/v3/apps/:guid/ssh_enabled", async (request) => {
    const { guid } = request.params;
    const found = await permittedApp(dependencies, request.auth, guid, "space.read");
    const reason = await sshRefusal(db, found);
    return { enabled: reason === "", reason };
  });
}

function presentFeature(name: FeatureName, enabled: boolean) {
  return { name, description: appFeatures[name].description, enabled };
}
