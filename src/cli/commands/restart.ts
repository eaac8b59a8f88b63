import { AppStarter } from "../actors/start-app.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import type { Command } from "./command.ts";
import {
  instanceStepsFlag,
  maxInFlightFlag,
  noWaitFlag,
  readStrategy,
  strategyFlag,
} from "./strategy-flags.ts";
import { stagingTimeout, startupTimeout } from "./timeouts.ts";

export const restart: Command = {
  usage: `rivera restart APP_NAME

This command will cause downtime unless you use '--strategy canary' or '--strategy rolling'.

If the app's most recent package is unstaged, restarting the app will stage and run that package.
Otherwise, the app's current droplet will be run.`,
  arguments: [{ name: "APP_NAME" }],
  flags: [
    instanceStepsFlag,
    maxInFlightFlag("actively restarted at any given time"),
    strategyFlag,
    noWaitFlag,
  ],
  environment: [stagingTimeout, startupTimeout],
  seeAlso: ["restage", "restart-app-instance"],
  async run(session, input) {
    const { ui } = session;
    const target = requireSpace(session.config);
    const { user, organization, space } = target;
    const options = { action: "Restarting", ...readStrategy(input) } as const;
    const cc = await session.cloudController();
    const app = await getAppByName(cc, input.argument("APP_NAME"), space.guid);
    const starter = new AppStarter(session, cc, target);
    const packageGuid = await starter.unstagedPackage(app.guid);
    if (packageGuid !== undefined || options.strategy !== undefined) {
      ui.text(
        ui.flavor`Restarting app ${app.name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
      );
      ui.newline();
    }
    if (packageGuid === undefined) await starter.start(app, undefined, options);
    else await starter.stageAndStart(app, packageGuid, options);
  },
};
