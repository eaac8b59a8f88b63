import { LogFollower } from "../actors/follow-log.ts";
import { readRecentLog } from "../actors/recent-log.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import type { LogMessage } from "../api/log-cache.ts";
import { showLogMessage } from "../ui/show-log.ts";
import type { Command } from "./command.ts";

export const logs: Command = {
  usage: "rivera logs APP_NAME",
  arguments: [{ name: "APP_NAME" }],
  flags: [{ long: "recent", description: "Dump recent logs instead of tailing" }],
  seeAlso: ["app", "apps", "ssh"],
  async run(session, input) {
    const { ui, clock, signal } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    ui.text(
      ui.flavor`Retrieving logs for app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    ui.newline();
    const { guid } = await getAppByName(await session.cloudController(), name, space.guid);
    const logCache = await session.logCache();
    const show = (message: LogMessage) => showLogMessage(ui, message, { header: true });
    if (input.has("recent")) {
      for (const message of await readRecentLog(logCache, guid)) show(message);
      return;
    }
    try {
      const follower = await LogFollower.afterNewest({
        clock,
        logCache,
        sourceId: guid,
        signal,
        show,
        warn: session.warn,
      });
      await follower.follow(signal);
    } catch (error) {
      // Ctrl-C is how a tail ends, so it is no failure.
      if (!signal.aborted) throw error;
    }
  },
};
