import { parseInstant } from "#kernel/clock/clock.ts";
import { describeEvent } from "../actors/event-description.ts";
import { requireSpace } from "../actors/target-check.ts";
import { getAppByName } from "../api/apps.ts";
import { recentEvents } from "../api/audit-events.ts";
import { logTime } from "../ui/time-text.ts";
import type { Command } from "./command.ts";

export const events: Command = {
  usage: "rivera events APP_NAME",
  arguments: [{ name: "APP_NAME" }],
  flags: [],
  seeAlso: ["app", "logs", "map-route", "unmap-route"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    const name = input.argument("APP_NAME");
    ui.text(
      ui.flavor`Getting events for app ${name} in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    const cc = await session.cloudController();
    const { guid } = await getAppByName(cc, name, space.guid);
    const found = await recentEvents(cc, guid);
    if (found.length === 0) ui.text("No events found.");
    const rows = found.map((event) => {
      const time = parseInstant(event.created_at);
      return [
        time === undefined ? event.created_at : logTime(time),
        event.type,
        event.actor?.name ?? "",
        describeEvent(event),
      ];
    });
    ui.tableWithHeader([["time", "event", "actor", "description"], ...rows]);
  },
};
