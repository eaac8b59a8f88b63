import { findBuildGuid } from "../actors/find-build.ts";
import { getDetection, type Detection } from "../api/build-insight.ts";
import { safeText } from "../ui/safe-text.ts";
import type { Command } from "./command.ts";

export const whyDetected: Command = {
  usage: "rivera why-detected APP_NAME\n   rivera why-detected BUILD",
  examples: "rivera why-detected my-app",
  notes: [
    {
      title: "EXPLANATION",
      text: "Shows what each buildpack said when it was asked whether it can stage the app: its answer, and a file that it looks for where that lies elsewhere.",
    },
  ],
  arguments: [{ name: "APP_OR_BUILD" }],
  flags: [],
  seeAlso: ["build-log", "buildpacks", "timeline"],
  async run(session, input) {
    const { ui } = session;
    const cc = await session.cloudController();
    const guid = await findBuildGuid(session, cc, input.argument("APP_OR_BUILD"));
    const { buildpacks } = await getDetection(cc, guid);
    if (buildpacks.length === 0) {
      ui.text(
        "No buildpack was asked: they were named (-b, or buildpacks in the manifest), or the staging ended before.",
      );
      return;
    }
    ui.tableWithHeader([
      ["buildpack", "version", "answer", "time", "what it said"],
      ...buildpacks.map((each) => [
        safeText(each.buildpack),
        safeText(each.version ?? ""),
        each.result === "detected" ? "yes" : "no",
        `${each.duration_ms} ms`,
        whatItSaid(each),
      ]),
    ]);
    const misses = buildpacks.filter(({ nearest_miss: miss }) => miss !== null);
    if (misses.length > 0) ui.newline();
    for (const { buildpack, nearest_miss: miss } of misses) {
      ui.text(`${safeText(buildpack)}: ${safeText(miss ?? "")}`);
    }
  },
};

/** The first line of what it said, and how it ended where that is not the usual "no". */
function whatItSaid({ output, errors, outcome, result }: Detection["buildpacks"][number]): string {
  const [first = ""] = `${output.trim()}\n${errors.trim()}`.trim().split("\n");
  const isUsual = result === "detected" || outcome === "exit status 1";
  const end = isUsual && first !== "" ? "" : outcome;
  return safeText([first, end === "ok" ? "" : end].filter((part) => part !== "").join("; "));
}
