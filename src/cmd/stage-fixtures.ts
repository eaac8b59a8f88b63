import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { Failure } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { safeText } from "#cli/ui/safe-text.ts";
import { formatBytes } from "#kernel/size.ts";
import type { StageRequest } from "#workbench/stage-app.ts";
import type { StagingReport } from "#workbench/staging-report.ts";
import type { Workbench } from "#workbench/workbench.ts";

/** Of a failed staging's log, at the end: where the reason stands. */
const shownLines = 20;

/** Each folder in there, in the order of names. @throws `Failure` where there is none */
export function fixtureFolders(directory: string): readonly string[] {
  if (!statSync(directory).isDirectory()) throw new Failure(`'${directory}' is no folder`);
  const folders = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => path.join(directory, entry.name))
    .toSorted();
  if (folders.length === 0) throw new Failure(`'${directory}' holds no folder to stage`);
  return folders;
}

/**
 * Stages one after the other, each as the first staging of an app, and shows a row for each and the end of the log of what
 * failed.
 *
 * @throws `Failure` where one failed
 */
export async function stageFixtures(
  { ui, signal }: Session,
  workbench: Workbench,
  request: Omit<StageRequest, "source"> & { readonly folders: readonly string[] },
): Promise<void> {
  const rows: string[][] = [];
  const failures: { readonly name: string; readonly lines: readonly string[] }[] = [];
  for (const source of request.folders) {
    const name = path.basename(source);
    const lines: string[] = [];
    ui.text(ui.flavor`Staging ${name}...`);
    const staged = await stageOne(
      workbench,
      { ...request, source, keepsCache: false },
      {
        signal,
        onLine({ text }) {
          lines.push(text);
          if (lines.length > shownLines) lines.shift();
        },
      },
    );
    rows.push(fixtureRow(name, staged));
    if (staged.kind !== "staged") failures.push({ name, lines });
  }
  for (const { name, lines } of failures) {
    ui.newline();
    ui.header(`The end of the log of ${name}:`);
    for (const line of lines) ui.text(`   ${safeText(line)}`);
  }
  ui.newline();
  ui.tableWithHeader([["fixture", "result", "detected by", "time", "droplet", "reason"], ...rows]);
  if (failures.length === 0) return;
  throw new Failure(`${failures.length} of ${rows.length} failed`);
}

type FixtureResult = StagingReport | { readonly kind: "refused"; readonly reason: string };

/** What is no app is a row of the table, too. */
async function stageOne(
  workbench: Workbench,
  request: StageRequest,
  watching: Parameters<Workbench["stage"]>[1],
): Promise<FixtureResult> {
  try {
    return await workbench.stage(request, watching);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: "refused", reason: error.message };
  }
}

export function fixtureRow(name: string, result: FixtureResult): string[] {
  if (result.kind === "refused") return [name, "failed", "", "", "", safeText(result.reason)];
  const seconds = `${((result.endedAt - result.startedAt) / 1_000).toFixed(1)} s`;
  if (result.kind === "failed") {
    const reason = safeText(`${result.failure.id} - ${result.failure.description}`);
    return [name, "failed", detector(result), seconds, "", reason];
  }
  const size = formatBytes(result.droplet.bytes);
  return [name, "staged", detector(result), seconds, size, ""];
}

/** Who said yes when it was asked; of buildpacks that were named, and not asked, those that ran. */
function detector(report: StagingReport): string {
  const asked = report.spans.filter(({ from, name }) => from === "builder" && name === "detect");
  const taken = asked.find(({ outcome }) => outcome === "ok");
  if (taken !== undefined)
    return safeText([taken.subject, taken.version].filter(Boolean).join(" "));
  if (asked.length > 0 || report.kind === "failed") return "";
  return safeText(`(named) ${report.buildpacks.map((each) => each.name).join(", ")}`);
}
