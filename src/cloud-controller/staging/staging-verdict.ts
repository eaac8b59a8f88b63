import type { Span } from "../build-observations/observation-table.ts";
import { explainFailure, type StagingLimitsOfBuild } from "./explain-failure.ts";
import { stagingError, stagingFailure, type StagingFailure } from "./failure-reason.ts";
import { parseStagingResult, type StagingResult } from "./staging-result.ts";

/** What the BBS tells of a finished task. */
export interface TaskCompletion {
  readonly failed: boolean;
  readonly failureReason: string;
  /** Content of `/tmp/result.json`. */
  readonly result: string;
}

export type StagingVerdict =
  | { readonly kind: "staged"; readonly result: StagingResult }
  /** `isMalformed`: the task says that it succeeded, and nobody can read its result. */
  | { readonly kind: "failed"; readonly failure: StagingFailure; readonly isMalformed: boolean };

/** What a staging task has come to, by what it says and what the cell has told of it. */
export function verdictOn(
  completion: TaskCompletion,
  spans: readonly Span[],
  limits: StagingLimitsOfBuild,
): StagingVerdict {
  if (completion.failed) {
    const failure = stagingFailure(completion.failureReason, limits);
    return { kind: "failed", failure: explainFailure(failure, spans, limits), isMalformed: false };
  }
  const result = parseStagingResult(completion.result);
  if (result !== undefined) return { kind: "staged", result };
  return { kind: "failed", failure: malformedResult, isMalformed: true };
}

const malformedResult = stagingError("Malformed message from Diego stager");
export const noDroplet: StagingFailure = stagingError("no droplet");
export const noStartCommand: StagingFailure = stagingError("Start command not specified");
