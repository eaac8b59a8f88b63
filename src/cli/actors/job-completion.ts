import type { Clock } from "#kernel/clock/clock.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import { getJob, type JobUrl } from "../api/jobs.ts";
import { Failure } from "../failure.ts";
import { pollUntilDone } from "./long-poll.ts";

export class JobFailed extends Failure {
  readonly detail: string;
  constructor(guid: string, detail: string) {
    super(`Job (${guid}) failed: ${detail}`);
    this.name = "JobFailed";
    this.detail = detail;
  }
}

export interface JobContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  warn(warning: string): void;
}

/** Waits for a job; undefined is one that was done at once. A failed job throws `JobFailed`. */
export async function completeJob(
  cc: CloudController,
  url: JobUrl | undefined,
  context: JobContext,
): Promise<void> {
  if (url === undefined) return;
  const job = await pollUntilDone({
    clock: context.clock,
    signal: context.signal,
    fetch: async () => await getJob(cc, url),
    isDone: ({ state }) => state === "COMPLETE" || state === "FAILED",
    stateOf: ({ state }) => state,
  });
  for (const warning of job.warnings) context.warn(warning.detail);
  if (job.state === "COMPLETE") return;
  const detail = job.errors.at(0)?.detail;
  if (detail !== undefined) throw new JobFailed(job.guid, detail);
  throw new Failure(
    `Job ${job.guid} failed with no error. This is unexpected, contact your operator for details.`,
  );
}
