/**
 * A step of a container's program: one node of an action tree. It runs until its work has ended, calls `ready` once
 * that work has begun (a process has been started), and ends as soon as it can after `signal` aborts, then throwing
 * `StepCancelled`. Any other failure is thrown too.
 */
export type Step = (signal: AbortSignal, ready: () => void) => Promise<void>;

/** A failure whose text is meant for the app's developer; what is thrown otherwise stays in the platform's log. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";
}

export class StepCancelled extends Error {
  override readonly name = "StepCancelled";
  constructor() {
    super("cancelled");
  }
}

export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new StepCancelled();
}

/** Whether the work ended because its signal did: ours, or that of what Node or the HTTP client threw. */
export function isCancellation(error: unknown): boolean {
  return error instanceof StepCancelled || (error instanceof Error && error.name === "AbortError");
}

/** What several steps ended with, as one error: texts for the developer joined, cancellations left out. */
export function joinFailures(errors: readonly unknown[]): unknown {
  const failures = errors.filter((error) => !(error instanceof StepCancelled));
  if (failures.length === 0) return errors.at(0);
  if (failures.length === 1) return failures[0];
  const texts = failures.filter((error) => error instanceof StepFailure).map((e) => e.message);
  const cause = new AggregateError(failures);
  return texts.length === 0 ? cause : new StepFailure(texts.join("; "), { cause });
}

/** The part of a failure that the developer may read; undefined where all of it is the platform's own. */
export function developerText(error: unknown): string | undefined {
  return error instanceof StepFailure ? error.message : undefined;
}
