import { copyFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { parsePositive } from "#cli/commands/flag-values.ts";
import type { ParsedInput } from "#cli/commands/parsed-input.ts";
import { cannotCombine, Failure, InvalidCommandLine } from "#cli/failure.ts";
import type { Session } from "#cli/session.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import { findBuildpack, shippedBuildpacks } from "#workbench/buildpack-source.ts";
import type { LogLine } from "#workbench/line-sink.ts";
import type { StageRequest } from "#workbench/stage-app.ts";
import type { Workbench } from "#workbench/workbench.ts";
import { openWorkbenchFor, shippedDirectory } from "./open-workbench.ts";
import { showLine, showReport, showTimeline } from "./show-staging.ts";
import { fixtureFolders, stageFixtures } from "./stage-fixtures.ts";
import { watchAndStage } from "./stage-watch.ts";
import { existingPath, parseLimits, parseVariables } from "./workbench-input.ts";

/** `rivera stage`. */
export async function stageCommand(session: Session, input: ParsedInput): Promise<void> {
  const { workingFolder } = session;
  const source = input.optionalArgument("DIR");
  const fixtures = input.value("fixtures");
  if (source !== undefined && fixtures !== undefined) throw cannotCombine("DIR", "--fixtures");
  const request = readRequest(session, input);
  if (fixtures !== undefined) {
    for (const other of ["output", "watch", "timeline"]) {
      if (input.has(other)) throw cannotCombine("--fixtures", `--${other}`);
    }
    const folders = fixtureFolders(existingPath(workingFolder, fixtures));
    await using workbench = await openWorkbenchFor(session, input);
    return await stageFixtures(session, workbench, { ...request, folders });
  }
  if (source === undefined) {
    throw new InvalidCommandLine("the required argument `DIR` was not provided");
  }
  const app = { ...request, source: existingPath(workingFolder, source) };
  await using workbench = await openWorkbenchFor(session, input);
  const stage = async (signal: AbortSignal) => {
    session.ui.text(session.ui.flavor`Staging ${source}...`);
    return await stageOnce(session, workbench, { request: app, input, signal });
  };
  if (!input.has("watch")) {
    const failure = await stage(session.signal);
    if (failure !== undefined) throw new Failure(failure);
    return;
  }
  await watchAndStage(session, workbench, { request: app, stage });
}

/** What the staging failed for, undefined where it did not. */
async function stageOnce(
  { ui, workingFolder }: Session,
  workbench: Workbench,
  of: { readonly request: StageRequest; readonly input: ParsedInput; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { request, input, signal } = of;
  const onLine = (line: LogLine) => showLine(ui, line);
  const report = await workbench.stage(request, { signal, onLine });
  ui.newline();
  showReport(ui, report);
  if (input.has("timeline")) showTimeline(ui, report);
  if (report.kind === "failed") return `${report.failure.id} - ${report.failure.description}`;
  const output = input.value("output");
  if (output !== undefined) {
    await writeDroplet(report.droplet.path, path.resolve(workingFolder, output));
    ui.text(ui.flavor`Droplet written to ${output}`);
  }
  return undefined;
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
