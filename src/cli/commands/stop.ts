import { requireSpace } from "../actors/target-check.ts";
import { getAppByName, stopApp } from "../api/apps.ts";
import type { Command } from "./command.ts";

export const stop: Command = {
  usage: "rivera stop APP_NAME",
  arguments: [{ name: "APP_NAME" }],
  flags: [],
  seeAlso: ["restart", "scale", "start"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const cc = await session.cloudController();
    const app = await getAppByName(cc, input.argument("APP_NAME"), space.guid);
    if (app.state !== "STARTED") {
      ui.text(ui.flavor`App ${app.name} is already stopped.`);
      ui.ok();
      return;
    }
    ui.text(
      ui.flavor`Stopping app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    await stopApp(cc, app.guid);
    ui.ok();
  },
};
