import { timelineOfTraces } from "#cli/api/build-insight.ts";
import { safeText } from "#cli/ui/safe-text.ts";
import { showLogMessage } from "#cli/ui/show-log.ts";
import { timelineRows } from "#cli/ui/timeline-rows.ts";
import type { Ui } from "#cli/ui/ui.ts";
import { tracesData } from "#cloud-controller/build-observations/open-telemetry.ts";
import { timelineOf } from "#cloud-controller/build-observations/timeline.ts";
import { formatBytes } from "#kernel/size.ts";
import type { LogLine } from "#workbench/line-sink.ts";
import type { StagingReport } from "#workbench/staging-report.ts";

/** As a push shows a staging. */
export function showLine(ui: Ui, { timestamp, source, instance, type, text }: LogLine): void {
  showLogMessage(ui, { timestamp, sourceType: source, instance, type, text }, { header: false });
}

export function showReport(ui: Ui, report: StagingReport): void {
  const seconds = ((report.endedAt - report.startedAt) / 1_000).toFixed(1);
  if (report.kind === "failed") {
    ui.text(`Staging failed after ${seconds} s`);
    return;
  }
  const { droplet, buildpacks, processTypes, detectedBuildpack } = report;
  ui.keyValues([
    ["staged in:", `${seconds} s`],
    ["droplet:", `${formatBytes(droplet.bytes)}, sha256 ${droplet.sha256}`],
    ...buildpacks.map(({ name, version }): [string, string] => [
      "buildpack:",
      safeText(version === undefined ? name : `${name} ${version}`),
    ]),
    ["detected as:", safeText(detectedBuildpack)],
    ...Object.entries(processTypes).map(([type, command]): [string, string] => [
      `${type}:`,
      safeText(command),
    ]),
  ]);
}

/** As `rivera timeline` shows that of a build. */
export function showTimeline(ui: Ui, report: StagingReport): void {
  const timeline = timelineOf({ createdAt: report.startedAt, ...report, previous: [] });
  const failure =
    report.kind === "failed"
      ? { state: "FAILED" as const, ...report.failure }
      : { state: "STAGED" as const, id: null, description: null };
  const traces = tracesData(
    {
      guid: "",
      appGuid: "",
      state: failure.state,
      errorId: failure.id,
      errorDescription: failure.description,
    },
    timeline,
  );
  ui.newline();
  ui.tableWithHeader([
    ["what", "time", "", "note"],
    ...timelineRows(timelineOfTraces(traces)).map(({ cells, isFailed }) =>
      isFailed ? cells.map((cell) => ui.style(cell, "red")) : cells,
    ),
  ]);
}
