import { requireSpace } from "../actors/target-check.ts";
import { getAppByName, patchEnvironment } from "../api/apps.ts";
import type { Command } from "./command.ts";

export const setEnv: Command = {
  usage: "rivera set-env APP_NAME ENV_VAR_NAME ENV_VAR_VALUE",
  arguments: [{ name: "APP_NAME" }, { name: "ENV_VAR_NAME" }, { name: "ENV_VAR_VALUE" }],
  flags: [],
  takesUnknownFlags: true,
  seeAlso: ["apps", "env", "restart", "unset-env"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    const variable = input.argument("ENV_VAR_NAME");
    ui.text(
      ui.flavor`Setting env variable ${variable} for app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const cc = await session.cloudController();
    const { guid } = await getAppByName(cc, name, space.guid);
    await patchEnvironment(cc, guid, { [variable]: input.argument("ENV_VAR_VALUE") });
    ui.ok();
    ui.text(`TIP: Use 'rivera restage ${name}' to ensure your env variable changes take effect.`);
  },
};
