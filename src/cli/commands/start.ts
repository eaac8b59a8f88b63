import { AppStarter } from "../actors/start-app.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import type { Command } from "./command.ts";
import { stagingTimeout, startupTimeout } from "./timeouts.ts";

export const start: Command = {
  usage: `rivera start APP_NAME

If the app's most recent package is unstaged, starting the app will stage and run that package.
Otherwise, the app's current droplet will be run.`,
  arguments: [{ name: "APP_NAME" }],
  flags: [],
  environment: [stagingTimeout, startupTimeout],
  seeAlso: ["apps", "logs", "restart", "run-task", "scale", "ssh", "stop"],
  async run(session, input) {
    const { ui } = session;
    const target = requireSpace(session.config);
    const { user, organization, space } = target;
    const cc = await session.cloudController();
    const app = await getAppByName(cc, input.argument("APP_NAME"), space.guid);
    const starter = new AppStarter(session, cc, target);
    const packageGuid = await starter.unstagedPackage(app.guid);
    const options = {
      action: "Starting",
      noWait: false,
      strategy: undefined,
      maxInFlight: undefined,
      steps: undefined,
    } as const;
    if (packageGuid === undefined || app.state !== "STOPPED") {
      await starter.start(app, undefined, options);
      return;
    }
    ui.text(
      ui.flavor`Starting app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    ui.newline();
    await starter.stageAndStart(app, packageGuid, options);
  },
};
