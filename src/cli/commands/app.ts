import { getAppSummary } from "../actors/app-summary.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import { showAppSummary } from "../ui/show-app-summary.ts";
import type { Command } from "./command.ts";

export const app: Command = {
  usage: "rivera app APP_NAME [--guid]",
  arguments: [{ name: "APP_NAME" }],
  flags: [
    {
      long: "guid",
      description:
        "Retrieve and display the given app's guid.  All other health and status output for the app is suppressed.",
    },
  ],
  seeAlso: ["apps", "events", "logs", "map-route", "push", "unmap-route"],
  async run(session, input) {
    const { ui, clock } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    const cc = await session.cloudController();
    if (input.has("guid")) {
      ui.text((await getAppByName(cc, name, space.guid)).guid);
      return;
    }
    ui.text(
      ui.flavor`Showing health and status for app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    ui.newline();
    const summary = await getAppSummary(cc, { name, spaceGuid: space.guid, withCommands: false });
    showAppSummary(ui, summary, { now: clock.now(), withCommands: false });
  },
};
