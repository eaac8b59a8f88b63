import { requireSpace } from "../actors/target-check.ts";
import { getAppByName, getEnvironment, patchEnvironment } from "../api/apps.ts";
import type { Command } from "./command.ts";

export const unsetEnv: Command = {
  usage: "rivera unset-env APP_NAME ENV_VAR_NAME",
  arguments: [{ name: "APP_NAME" }, { name: "ENV_VAR_NAME" }],
  flags: [],
  seeAlso: ["apps", "env", "restart", "set-env"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    const variable = input.argument("ENV_VAR_NAME");
    ui.text(
      ui.flavor`Removing env variable ${variable} from app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const cc = await session.cloudController();
    const { guid } = await getAppByName(cc, name, space.guid);
    const { environment_variables: variables } = await getEnvironment(cc, guid);
    if (!Object.hasOwn(variables, variable)) {
      ui.text(`Env variable ${variable} was not set.`);
      ui.ok();
      return;
    }
    await patchEnvironment(cc, guid, { [variable]: null });
    ui.ok();
    ui.text(`TIP: Use 'rivera restage ${name}' to ensure your env variable changes take effect.`);
  },
};
