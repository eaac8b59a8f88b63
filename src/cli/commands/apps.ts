import { listAppRows } from "../actors/app-summary.ts";
import { requireSpace } from "../actors/target-check.ts";
import type { Command } from "./command.ts";

export const apps: Command = {
  usage: `rivera apps [--labels SELECTOR]`,
  examples: `rivera apps
rivera apps --labels 'environment in (production,staging),tier in (backend)'
rivera apps --labels 'env=dev,!chargeback-code,tier in (backend,worker)'`,
  arguments: [],
  flags: [
    { long: "labels", takes: "value", description: "Selector to filter apps by labels" },
    { long: "no-stats", description: "Do not retrieve process stats" },
  ],
  seeAlso: ["events", "logs", "map-route", "push", "restart", "scale", "start", "stop"],
  async run(session, input) {
    const { ui } = session;
    const { user, organization, space } = requireSpace(session.config);
    ui.text(
      ui.flavor`Getting apps in org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
    ui.newline();
    const rows = await listAppRows(await session.cloudController(), {
      spaceGuid: space.guid,
      labels: input.value("labels"),
      withProcesses: !input.has("no-stats"),
    });
    if (rows.length === 0) {
      ui.text("No apps found");
      return;
    }
    const withStats = !input.has("no-stats");
    ui.tableWithHeader([
      ["name", "requested state", ...(withStats ? ["processes"] : []), "routes"],
      ...rows.map((row) => [
        row.app.name,
        row.app.state.toLowerCase(),
        ...(withStats ? [row.processes ?? ""] : []),
        row.routes.map(({ url }) => url).join(", "),
      ]),
    ]);
  },
};
