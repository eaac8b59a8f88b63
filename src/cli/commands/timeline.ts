import { findBuildGuid } from "../actors/find-build.ts";
import { getTimeline } from "../api/build-insight.ts";
import { timelineRows } from "../ui/timeline-rows.ts";
import { safeText } from "../ui/safe-text.ts";
import type { Command } from "./command.ts";

export const timeline: Command = {
  usage: "rivera timeline BUILD\n   rivera timeline APP_NAME",
  examples: "rivera timeline my-app",
  notes: [
    {
      title: "EXPLANATION",
      text: "Shows where the time of a staging went. Full bars are on the critical path: only they decide how long it took. The times of the app's last stagings stand beside.",
    },
  ],
  arguments: [{ name: "BUILD_OR_APP" }],
  flags: [],
  seeAlso: ["build-log", "push", "why-detected"],
  async run(session, input) {
    const { ui } = session;
    const cc = await session.cloudController();
    const guid = await findBuildGuid(session, cc, input.argument("BUILD_OR_APP"));
    const found = await getTimeline(cc, guid);
    const time = `${(found.durationMs / 1000).toFixed(1)} s`;
    const isRunning = found.pieces.some((piece) => piece.isRunning);
    ui.text(
      isRunning
        ? ui.flavor`Build ${guid} has been staging for ${time}`
        : ui.flavor`Build ${guid} took ${time}`,
    );
    ui.newline();
    const rows = timelineRows(found).map(({ cells, isFailed }) =>
      isFailed ? cells.map((cell) => ui.style(cell, "red")) : cells,
    );
    ui.tableWithHeader([["what", "time", "", "note"], ...rows]);
    if (found.error === undefined) return;
    ui.newline();
    ui.text(ui.style(safeText(found.error), "red"));
  },
};
