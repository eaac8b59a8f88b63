/**
 * When a user name is locked. UAA's own policy: after 5 failures within an hour, for 5 minutes from the last one. It
 * counts by name, whether such a user exists or not, so that a lock tells nothing about who does.
 */
export interface LoginFailures {
  readonly failures: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export const lockoutPolicy = {
  failures: 5,
  countedWithinMs: 3_600_000,
  lockedForMs: 300_000,
} as const;

export function isLocked(known: LoginFailures | undefined, now: number): boolean {
  return (
    known !== undefined &&
    known.failures >= lockoutPolicy.failures &&
    now - known.lastAt < lockoutPolicy.lockedForMs
  );
}

/** The record after one more failure. A lock that has ended, and failures longer ago than the window, start anew. */
export function withFailure(known: LoginFailures | undefined, now: number): LoginFailures {
  const isOver =
    known === undefined ||
    now - known.firstAt >= lockoutPolicy.countedWithinMs ||
    known.failures >= lockoutPolicy.failures;
  if (isOver) return { failures: 1, firstAt: now, lastAt: now };
  return { failures: known.failures + 1, firstAt: known.firstAt, lastAt: now };
}
