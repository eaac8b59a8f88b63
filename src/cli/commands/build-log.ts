import { findBuildGuid } from "../actors/find-build.ts";
import { getBuildLog, type BuildLogEntry, type BuildLogLine } from "../api/build-insight.ts";
import { safeText } from "../ui/safe-text.ts";
import { clockTime } from "../ui/time-text.ts";
import type { Ui } from "../ui/ui.ts";
import type { Command } from "./command.ts";

export const buildLog: Command = {
  usage: `rivera build-log BUILD [--phase PHASE] [--follow]
   rivera build-log APP_NAME [--phase PHASE] [--follow]

The whole log of a staging as it was kept with the build, whether or not anybody watched; of an app that of its newest build.
Phases are detect, supply, finalize, compile, release, droplet and cache.`,
  examples: `rivera build-log my-app
rivera build-log my-app --phase finalize
rivera build-log 0b4a8b1e-8d3c-4d0e-9a55-3f7a4a7a3f0d --follow`,
  arguments: [{ name: "BUILD_OR_APP" }],
  flags: [
    { long: "phase", takes: "value", description: "Only the lines of that phase" },
    {
      long: "follow",
      short: "f",
      description: "Wait for further lines until the staging has ended",
    },
  ],
  seeAlso: ["logs", "push", "stage-shell", "timeline", "why-detected"],
  async run(session, input) {
    const { ui } = session;
    const cc = await session.cloudController();
    const guid = await findBuildGuid(session, cc, input.argument("BUILD_OR_APP"));
    const phase = input.value("phase");
    const follows = input.has("follow");
    const printer = new LinePrinter(ui);
    let after = 0;
    for (;;) {
      const page = await getBuildLog(cc, guid, { after, phase, wait: follows });
      for (const entry of page.lines) printer.print(entry);
      after = page.next_after;
      if (!page.has_more && (!follows || page.complete)) break;
      session.signal.throwIfAborted();
    }
    if (phase !== undefined && !printer.hasPrinted) {
      ui.warning(`The phase '${safeText(phase)}' has said nothing, or there was none.`);
    }
  },
};

/** Lines below a heading for each script that they come from. */
class LinePrinter {
  readonly #ui: Ui;
  #heading = "";
  hasPrinted = false;

  constructor(ui: Ui) {
    this.#ui = ui;
  }

  print(entry: BuildLogEntry): void {
    this.hasPrinted = true;
    if ("cut" in entry) {
      const { first, last } = entry.cut;
      this.#ui.header(`... lines ${first} to ${last} were cut ...`);
      return;
    }
    const heading = headingOf(entry);
    if (heading !== this.#heading) this.#ui.header(heading);
    this.#heading = heading;
    const text = safeText(entry.text);
    const shown = entry.type === "ERR" ? this.#ui.style(text, "red") : text;
    this.#ui.text(`${String(entry.number).padStart(6)}  ${clockTime(entry.at)}  ${shown}`);
  }
}

function headingOf({ source, phase, buildpack }: BuildLogLine): string {
  if (phase === undefined) return `[${safeText(source)}]`;
  return buildpack === undefined ? phase : `${phase} of ${safeText(buildpack)}`;
}
