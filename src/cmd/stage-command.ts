import { copyFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { parsePositive } from "#cli/commands/flag-values.ts";
import type { ParsedInput } from "#cli/commands/parsed-input.ts";
import { Failure, InvalidCommandLine } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { timelineOfTraces } from "#cli/api/build-insight.ts";
import { safeText } from "#cli/ui/safe-text.ts";
import { showLogMessage } from "#cli/ui/show-log.ts";
import { timelineRows } from "#cli/ui/timeline-rows.ts";
import type { Ui } from "#cli/ui/ui.ts";
import { tracesData } from "#cloud-controller/build-observations/open-telemetry.ts";
import { timelineOf } from "#cloud-controller/build-observations/timeline.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import { formatBytes } from "#kernel/size.ts";
import { findBuildpack, shippedBuildpacks } from "#workbench/buildpack-source.ts";
import type { LogLine } from "#workbench/line-sink.ts";
import type { StageRequest } from "#workbench/stage-app.ts";
import type { StagingReport } from "#workbench/staging-report.ts";
import { openWorkbenchFor, shippedDirectory } from "./open-workbench.ts";
import { existingPath, parseLimits, parseVariables } from "./workbench-input.ts";

/** `rivera stage`. */
export async function stageCommand(session: Session, input: ParsedInput): Promise<void> {
  const { ui, workingFolder } = session;
  const source = input.optionalArgument("DIR");
  if (source === undefined)
    throw new InvalidCommandLine("the required argument `DIR` was not provided");
  const request: StageRequest = {
    ...readRequest(session, input),
    source: existingPath(workingFolder, source),
  };
  const output = input.value("output");
  await using workbench = await openWorkbenchFor(session, input);
  ui.text(ui.flavor`Staging ${source}...`);
  const report = await workbench.stage(request, {
    signal: session.signal,
    onLine: (line) => showLine(ui, line),
  });
  ui.newline();
  showReport(ui, report);
  if (input.has("timeline")) showTimeline(ui, report);
  if (report.kind === "failed") {
    throw new Failure(`${report.failure.id} - ${report.failure.description}`);
  }
  if (output === undefined) return;
  await writeDroplet(report.droplet.path, path.resolve(workingFolder, output));
  ui.text(ui.flavor`Droplet written to ${output}`);
}

function readRequest(session: Session, input: ParsedInput): Omit<StageRequest, "source"> {
  const { workingFolder } = session;
  const lookup = { workingFolder, shippedDirectory };
  const asked = input.values("buildpack");
  const seconds = parsePositive(input.value("timeout"));
  return {
    buildpacks:
      asked.length === 0
        ? shippedBuildpacks(lookup)
        : asked.map((each) => findBuildpack(each, lookup)),
    detect: asked.length === 0 || input.has("detect"),
    environment: parseVariables(input.values("env")),
    stack: input.value("stack") ?? "cflinuxfs4",
    ...parseLimits(input, {
      memoryInMb: defaultStagingLimits.minimumStagingMemoryInMb,
      diskInMb: defaultStagingLimits.minimumStagingDiskInMb,
    }),
    timeoutMs: seconds === undefined ? defaultStagingLimits.stagingTimeoutMs : seconds * 1_000,
    keepsCache: !input.has("no-cache"),
  };
}

/** As a push shows a staging. */
function showLine(ui: Ui, { timestamp, source, instance, type, text }: LogLine): void {
  showLogMessage(ui, { timestamp, sourceType: source, instance, type, text }, { header: false });
}

function showReport(ui: Ui, report: StagingReport): void {
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
function showTimeline(ui: Ui, report: StagingReport): void {
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

/** Whole or absent, on whatever file system it lies. */
async function writeDroplet(from: string, to: string): Promise<void> {
  const part = `${to}.${process.pid}.part`;
  try {
    await copyFile(from, part);
    await rename(part, to);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Failure(`Cannot write the droplet to '${to}': ${text}`, { cause: error });
  } finally {
    await rm(part, { force: true });
  }
}
