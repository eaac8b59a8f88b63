import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import { findRoute, removeDestination } from "../api/routes.ts";
import { Failure } from "../failure.ts";
import type { Command } from "./command.ts";
import { isWebOf } from "./map-route.ts";
import {
  knownAddressFlags,
  addressUrl,
  readAddress,
  requireDomain,
  routeNotFound,
} from "./route-address.ts";

export const unmapRoute: Command = {
  usage: `Unmap an HTTP route:
   rivera unmap-route APP_NAME DOMAIN [--hostname HOSTNAME] [--path PATH]

Unmap a TCP route:
   rivera unmap-route APP_NAME DOMAIN --port PORT`,
  examples: `rivera unmap-route my-app example.com                              # example.com
rivera unmap-route my-app example.com --hostname myhost            # myhost.example.com
rivera unmap-route my-app example.com --hostname myhost --path foo # myhost.example.com/foo
rivera unmap-route my-app example.com --port 5000                  # example.com:5000`,
  arguments: [{ name: "APP_NAME" }, { name: "DOMAIN" }],
  flags: knownAddressFlags("Hostname used to identify the HTTP route"),
  seeAlso: ["delete-route", "map-route", "routes"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const cc = await session.cloudController();
    const domain = await requireDomain(cc, input.argument("DOMAIN"));
    const app = await getAppByName(cc, input.argument("APP_NAME"), space.guid);
    const address = readAddress(input);
    const route = await findRoute(cc, domain, address);
    if (route === undefined) throw new Failure(routeNotFound(domain.name, address));
    ui.text(
      ui.flavor`Removing route ${addressUrl(domain.name, address)} from app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const destination = route.destinations.find((it) => isWebOf(it.app, app.guid));
    const guid = destination?.guid ?? undefined;
    if (guid === undefined) {
      ui.text("Route to be unmapped is not currently mapped to the application.");
    } else {
      await removeDestination(cc, route.guid, guid);
    }
    ui.ok();
  },
};
