import { AppStarter } from "../actors/start-app.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import { newestPackage } from "../api/packages.ts";
import { Failure } from "../failure.ts";
import type { Command } from "./command.ts";
import {
  instanceStepsFlag,
  maxInFlightFlag,
  noWaitFlag,
  readStrategy,
  strategyFlag,
} from "./strategy-flags.ts";
import { stagingTimeout, startupTimeout } from "./timeouts.ts";

export const restage: Command = {
  usage: `rivera restage APP_NAME

This command will cause downtime unless you use '--strategy' flag.`,
  examples: `rivera restage APP_NAME
rivera restage APP_NAME --strategy rolling
rivera restage APP_NAME --strategy canary --no-wait`,
  arguments: [{ name: "APP_NAME" }],
  flags: [instanceStepsFlag, maxInFlightFlag("actively being restaged"), noWaitFlag, strategyFlag],
  environment: [stagingTimeout, startupTimeout],
  seeAlso: ["restart"],
  async run(session, input) {
    const { ui } = session;
    const target = requireSpace(session.config);
    const { user, organization, space } = target;
    const options = { action: "Restarting", ...readStrategy(input) } as const;
    const name = input.argument("APP_NAME");
    if (options.strategy === undefined) ui.warning("This action will cause app downtime.");
    ui.newline();
    ui.text(
      ui.flavor`Restaging app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    ui.newline();
    const cc = await session.cloudController();
    const app = await getAppByName(cc, name, space.guid);
    const newest = await newestPackage(cc, app.guid, "READY");
    if (newest === undefined) {
      throw new Failure(
        `App '${name}' has no eligible packages.\n\nTIP: Use 'rivera push' to upload one.`,
      );
    }
    await new AppStarter(session, cc, target).stageAndStart(app, newest.guid, options);
  },
};
