import { openDroplet, type OpenedDroplet } from "../actors/open-droplet.ts";
import { compareDroplets, isSame } from "../droplets/compare-droplets.ts";
import { Failure, SaidFailure } from "../failure.ts";
import type { Session } from "../session.ts";
import { safeJson, safeText } from "../ui/safe-text.ts";
import { showDropletDiff } from "../ui/show-droplet-diff.ts";
import type { Command } from "./command.ts";

const differs = 1;
const notCompared = 2;

export const dropletDiff: Command = {
  usage: `rivera droplet-diff A B [--all] [--json]

A and B are each the name of an app, the guid of a droplet, or a file.`,
  notes: [
    {
      title: "EXPLANATION",
      text: `Shows in what droplet B differs from droplet A: sizes, versions of buildpacks and packages, start commands, what scripts
export before the app starts, and files.
A file is what has a slash in its name or ends in .tgz, .tar.gz or .tar.
The exit status is that of diff: 0 where both hold the same, 1 where they differ, 2 where one could not be read.`,
    },
  ],
  examples: `rivera droplet-diff my-app my-app-venerable
rivera droplet-diff ./before.tgz my-app --all`,
  arguments: [{ name: "A" }, { name: "B" }],
  flags: [
    { long: "all", description: "Show every change, not only the largest" },
    { long: "json", description: "Print all changes as JSON" },
  ],
  seeAlso: ["droplet-bom", "push", "restage"],
  async run(session, input) {
    const { ui } = session;
    const [before, after] = [
      await open(session, input.argument("A")),
      await open(session, input.argument("B")),
    ];
    for (const warning of [...before.contents.warnings, ...after.contents.warnings]) {
      ui.warning(`Warning: ${safeText(warning)}`);
    }
    const diff = compareDroplets(before.contents, after.contents);
    if (input.has("json")) ui.text(safeJson(diff));
    else if (isSame(diff)) ui.text("The droplets hold the same.");
    else {
      const names = [before.subject.name, after.subject.name] as const;
      showDropletDiff(ui, diff, { names, showsAll: input.has("all") });
    }
    if (!isSame(diff)) throw new SaidFailure("The droplets differ", { exitCode: differs });
  },
};

async function open(session: Session, given: string): Promise<OpenedDroplet> {
  try {
    return await openDroplet(session, given);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.message, { cause: error, exitCode: notCompared });
  }
}
