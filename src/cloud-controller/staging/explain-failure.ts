import { formatBytes } from "#kernel/size.ts";
import type { Span } from "../build-observations/observation-table.ts";
import { endInWords } from "./exit-words.ts";
import type { StagingFailure } from "./failure-reason.ts";
import { complaintIn, plain } from "./last-words.ts";

export interface StagingLimitsOfBuild {
  readonly memoryInMb: number;
  readonly diskInMb: number;
}

/**
 * The failure with its reason behind the original's words, which stay in front so that tools still match them. What is known
 * comes from what the cell told; where it told nothing, nothing is added.
 */
export function explainFailure(
  failure: StagingFailure,
  spans: readonly Span[],
  limits: StagingLimitsOfBuild,
): StagingFailure {
  const reason = reasonOf(failure, spans, limits);
  if (reason === undefined) return failure;
  const { id, description, logMessage } = failure;
  return {
    id,
    description: `${description}: ${reason}`,
    logMessage: `${logMessage}: ${reason}`,
  };
}

function reasonOf(
  { id, description }: StagingFailure,
  spans: readonly Span[],
  limits: StagingLimitsOfBuild,
): string | undefined {
  const process = spans.findLast(({ name }) => name === "process");
  const script = failedPhase(spans);
  const where = script === undefined || script.name === "builder" ? "" : `, in ${titleOf(script)}`;
  if (id === "StagingTimeExpired") return stillRunning(script ?? spans.at(-1));
  if (process?.outOfMemory === true) {
    return joined([
      description.includes("out of memory") ? "" : `out of memory, limit ${limits.memoryInMb}M`,
      process.memoryPeakBytes === undefined ? "" : `peak ${formatBytes(process.memoryPeakBytes)}`,
    ]).concat(where);
  }
  if (process?.largestFolders !== undefined && process.largestFolders.length > 0) {
    return joined([
      description.includes("disk quota exceeded")
        ? ""
        : `a disk is full, limit ${limits.diskInMb}M`,
      ...process.largestFolders.map(({ path, bytes }) => `${path} has ${formatBytes(bytes)}`),
    ]).concat(where);
  }
  if (id === "NoAppDetectedError") return nearestMisses(spans);
  if (script?.name === "builder") return plain(script.outcome);
  if (script !== undefined) return howItEnded(script);
  // What was interrupted was so because of another failure.
  const ofCell = spans.findLast(
    ({ from, outcome }) => from === "cell" && outcome !== "ok" && outcome !== "interrupted",
  );
  if (ofCell === undefined || ofCell.name === "process") return undefined;
  return ofCell.outcome === "failed" ? `${titleOf(ofCell)} failed` : ofCell.outcome;
}

/** What the builder was in when it ended: a clone that failed may have been tried again. */
function failedPhase(spans: readonly Span[]): Span | undefined {
  const last = spans.findLast(({ from, name }) => from === "builder" && name !== "detect");
  return last?.outcome === "ok" ? undefined : last;
}

/** "supply of nodejs_buildpack ended with exit status 1: Cannot read package.json: ...". */
function howItEnded(script: Span): string {
  const said = complaintIn(script.errors ?? "");
  const end = `${titleOf(script)} ${endInWords(script.outcome)}`;
  return said === undefined ? end : `${end}: ${said}`;
}

/** "finalize of nodejs_buildpack". */
function titleOf({ name, subject }: Pick<Span, "name" | "subject">): string {
  return subject === "" ? name : `${name} of ${subject}`;
}

function stillRunning(last: Span | undefined): string | undefined {
  if (last === undefined) return undefined;
  const seconds = Math.round((last.endedAt - last.startedAt) / 1000);
  return last.from === "builder" && last.outcome === "interrupted"
    ? `${titleOf(last)} was running, for ${seconds} s`
    : `the last that ended was ${titleOf(last)}`;
}

/** Three at most: a folder of folders is near to everything. */
function nearestMisses(spans: readonly Span[]): string | undefined {
  const misses = new Set(spans.flatMap(({ nearest }) => (nearest === undefined ? [] : [nearest])));
  return misses.size === 0 ? undefined : [...misses].slice(0, 3).join("; ");
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(", ");
}
