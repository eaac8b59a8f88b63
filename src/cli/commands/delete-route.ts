import { completeJob } from "../actors/job-completion.ts";
import { requireOrganization } from "../actors/target-check.ts";
import { deleteRoute, findDomain, findRoute } from "../api/routes.ts";
import type { Command } from "./command.ts";
import { knownAddressFlags, addressUrl, readAddress, routeNotFound } from "./route-address.ts";

export const deleteRouteCommand: Command = {
  usage: `Delete an HTTP route:
   rivera delete-route DOMAIN [--hostname HOSTNAME] [--path PATH] [-f]

Delete a TCP route:
   rivera delete-route DOMAIN --port PORT [-f]`,
  examples: `rivera delete-route example.com                              # example.com
rivera delete-route example.com --hostname myhost            # myhost.example.com
rivera delete-route example.com --hostname myhost --path foo # myhost.example.com/foo
rivera delete-route example.com --port 5000                  # example.com:5000`,
  arguments: [{ name: "DOMAIN" }],
  flags: [
    { short: "f", description: "Force deletion without confirmation" },
    ...knownAddressFlags("Hostname used to identify the HTTP route (required for shared domains)"),
  ],
  seeAlso: ["delete-orphaned-routes", "routes", "unmap-route"],
  async run(session, input) {
    const { ui, prompts } = session;
    requireOrganization(session.config);
    const name = input.argument("DOMAIN");
    const address = readAddress(input);
    const url = addressUrl(name, address);
    ui.text("This action impacts all apps using this route.");
    ui.text("Deleting this route will make apps unreachable via this route.");
    if (!input.has("f") && !(await prompts.yesNo(`Really delete the route ${url}?`))) {
      ui.text(`'${url}' has not been deleted.`);
      return;
    }
    ui.text(ui.flavor`Deleting route ${url}...`);
    const cc = await session.cloudController();
    const domain = await findDomain(cc, name);
    const route = domain && (await findRoute(cc, domain, address));
    if (domain === undefined) ui.warning(`Domain '${name}' not found.`);
    else if (route === undefined) ui.text(`Unable to delete. ${routeNotFound(name, address)}`);
    else await completeJob(cc, await deleteRoute(cc, route.guid), session);
    ui.ok();
  },
};
