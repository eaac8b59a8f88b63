import { listRouteRows } from "../actors/route-rows.ts";
import { requireSpace } from "../actors/target-check.ts";
import type { Command } from "./command.ts";

export const routes: Command = {
  usage: "rivera routes [--org-level]",
  arguments: [],
  flags: [
    {
      long: "org-level",
      description: "List all the routes for all spaces of current organization",
    },
    { long: "labels", takes: "value", description: "Selector to filter routes by labels" },
  ],
  seeAlso: ["check-route", "create-route", "domains", "map-route", "unmap-route"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const ofOrganization = input.has("org-level");
    if (ofOrganization)
      ui.text(ui.flavor`Getting routes for org ${organization.name} as ${user.name}...`);
    else {
      ui.text(
        ui.flavor`Getting routes for org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
    }
    ui.newline();
    const rows = await listRouteRows(await session.cloudController(), {
      per_page: "5000",
      label_selector: input.value("labels"),
      ...(ofOrganization ? { organization_guids: organization.guid } : { space_guids: space.guid }),
    });
    if (rows.length === 0) {
      ui.text("No routes found.");
      return;
    }
    const header = [
      "space",
      "host",
      "domain",
      "port",
      "path",
      "protocol",
      "app-protocol",
      "app-port",
      "apps",
      "service instance",
      "options",
    ];
    ui.tableWithHeader([header, ...rows]);
  },
};
