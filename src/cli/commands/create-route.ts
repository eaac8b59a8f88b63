import { requireSpace } from "../actors/target-check.ts";
import { createRoute } from "../api/routes.ts";
import type { Command } from "./command.ts";
import {
  addressFlags,
  addressUrl,
  optionFlag,
  readAddress,
  readRouteOptions,
  requireDomain,
} from "./route-address.ts";

export const createRouteCommand: Command = {
  usage: `Create an HTTP route:
   rivera create-route DOMAIN [--hostname HOSTNAME] [--path PATH] [--option OPTION=VALUE]
Create a TCP route:
   rivera create-route DOMAIN [--port PORT] [--option OPTION=VALUE]`,
  examples: `rivera create-route example.com                                                     # example.com
rivera create-route example.com --hostname myapp                                    # myapp.example.com
rivera create-route example.com --hostname myapp --path foo                         # myapp.example.com/foo
rivera create-route example.com --port 5000                                         # example.com:5000
rivera create-route example.com --hostname myapp -o loadbalancing=least-connection  # myapp.example.com with a per-route option`,
  arguments: [{ name: "DOMAIN" }],
  flags: [...addressFlags, optionFlag],
  seeAlso: ["check-route", "domains", "map-route", "routes", "unmap-route", "update-route"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("DOMAIN");
    const address = readAddress(input);
    const options = readRouteOptions(input, name, address);
    ui.text(
      ui.flavor`Creating route ${addressUrl(name, address)} for org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const cc = await session.cloudController();
    const domain = await requireDomain(cc, name);
    const where = { spaceGuid: space.guid, domainGuid: domain.guid };
    const created = await createRoute(cc, where, { ...address, options });
    if ("alreadyExists" in created) ui.warning(created.alreadyExists);
    else ui.text(`Route ${created.url} has been created.`);
    ui.ok();
  },
};
