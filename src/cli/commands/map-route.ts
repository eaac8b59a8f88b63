import { requireSpace, type Target } from "../actors/target-check.ts";
import { getAppByName, type App } from "../api/apps.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { addDestination, createRoute, findRoute, type Route } from "../api/routes.ts";
import { Failure } from "../failure.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";
import { parsePort } from "./flag-values.ts";
import type { ParsedInput } from "./parsed-input.ts";
import {
  addressFlags,
  addressUrl,
  optionFlag,
  readAddress,
  readRouteOptions,
  requireDomain,
} from "./route-address.ts";

export const mapRoute: Command = {
  usage: `Map an HTTP route:
   rivera map-route APP_NAME DOMAIN [--hostname HOSTNAME] [--path PATH] [--app-protocol PROTOCOL] [--app-port PORT] [--option OPTION=VALUE]

Map a TCP route:
   rivera map-route APP_NAME DOMAIN [--port PORT] [--option OPTION=VALUE]`,
  examples: `rivera map-route my-app example.com                                                      # example.com
rivera map-route my-app example.com --hostname myhost                                    # myhost.example.com
rivera map-route my-app example.com --hostname myhost --path foo                         # myhost.example.com/foo
rivera map-route my-app example.com --hostname myhost --app-protocol http2               # myhost.example.com
rivera map-route my-app example.com --hostname myhost --app-port 8090                    # myhost.example.com
rivera map-route my-app example.com --hostname myhost -o loadbalancing=least-connection  # myhost.example.com with a per-route option
rivera map-route my-app example.com -o loadbalancing=hash -o hash_header=My-Hash-Header  # use hash-based routing for example.com
rivera map-route my-app example.com --port 5000                                          # example.com:5000`,
  arguments: [{ name: "APP_NAME" }, { name: "DOMAIN" }],
  flags: [
    ...addressFlags,
    {
      long: "app-protocol",
      takes: "value",
      description:
        "[Beta flag, subject to change] Protocol for the route destination (default: http1). Only applied to HTTP routes",
    },
    {
      long: "app-port",
      takes: "value",
      description:
        "[Beta flag, subject to change] App port for the route destination (default: 8080). Only applied to HTTP routes",
    },
    optionFlag,
  ],
  seeAlso: ["create-route", "routes", "unmap-route", "update-route"],
  async run(session, input) {
    const { ui } = session;
    const target = requireSpace(session.config);
    const { user, organization, space } = target;
    const cc = await session.cloudController();
    const { route, app } = await findOrCreate(session, cc, { input, target });
    const protocol = input.value("app-protocol");
    if (protocol === undefined) {
      ui.text(
        ui.flavor`Mapping route ${route.url} to app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
    } else {
      ui.text(
        ui.flavor`Mapping route ${route.url} to app ${app.name} with protocol ${protocol} in org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
    }
    if (route.destinations.some((destination) => isWebOf(destination.app, app.guid))) {
      ui.text(
        `App '${app.name}' is already mapped to route '${route.url}'. Nothing has been updated.`,
      );
      ui.ok();
      return;
    }
    const port = parsePort(input.value("app-port"));
    await addDestination(cc, route.guid, {
      appGuid: app.guid,
      ...(protocol === undefined ? {} : { protocol }),
      ...(port === undefined ? {} : { port }),
    });
    ui.ok();
  },
};

async function findOrCreate(
  { ui }: Session,
  cc: CloudController,
  { input, target }: { readonly input: ParsedInput; readonly target: Target },
): Promise<{ route: Route; app: App }> {
  const { user, organization, space } = target;
  const address = readAddress(input);
  const domain = await requireDomain(cc, input.argument("DOMAIN"));
  const app = await getAppByName(cc, input.argument("APP_NAME"), space.guid);
  const options = readRouteOptions(input, domain.name, address);
  const found = await findRoute(cc, domain, address);
  if (found !== undefined) {
    if (Object.keys(options).length === 0) return { route: found, app };
    throw new Failure(
      "Route option support: 'Route specific options can only be specified for nonexistent routes.'",
    );
  }
  ui.text(
    ui.flavor`Creating route ${addressUrl(domain.name, address)} for org ${organization.name} / space ${space.name} as ${user.name}...`,
  );
  const where = { spaceGuid: space.guid, domainGuid: domain.guid };
  const created = await createRoute(cc, where, { ...address, options });
  if ("alreadyExists" in created) throw new Failure(created.alreadyExists);
  ui.ok();
  return { route: created, app };
}

/** Route commands speak of an app's web process. */
export function isWebOf(
  app: {
    readonly guid?: string | null | undefined;
    readonly process?: { readonly type: string } | null | undefined;
  },
  appGuid: string,
): boolean {
  return app.guid === appGuid && (app.process?.type ?? "web") === "web";
}
