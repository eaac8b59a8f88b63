/** When a user name is locked: after so many failures within the window, for a time from the last one. */
export interface LockoutPolicy {
  readonly failures: number;
  readonly countedWithinMs: number;
  readonly lockedForMs: number;
}

/** UAA's own. */
export const defaultLockoutPolicy: LockoutPolicy = {
  failures: 5,
  countedWithinMs: 3_600_000,
  lockedForMs: 300_000,
};

/** Failures are counted by name, whether such a user exists or not, so that a lock tells nothing about who does. */
export interface LoginFailures {
  readonly failures: number;
  /** Milliseconds since the epoch, as all times here. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export function isLocked(
  policy: LockoutPolicy,
  known: LoginFailures | undefined,
  now: number,
): boolean {
  return (
    known !== undefined &&
    known.failures >= policy.failures &&
    now - known.lastAt < policy.lockedForMs
  );
}

/** How long a record is of use after its last failure. */
export function rememberedMs({ countedWithinMs, lockedForMs }: LockoutPolicy): number {
  return Math.max(countedWithinMs, lockedForMs);
}

/** The record after one more failure. A lock that has ended, and failures longer ago than the window, start anew. */
export function withFailure(
  policy: LockoutPolicy,
  known: LoginFailures | undefined,
  now: number,
): LoginFailures {
  const isOver =
    known === undefined ||
    now - known.firstAt >= policy.countedWithinMs ||
    known.failures >= policy.failures;
  if (isOver) return { failures: 1, firstAt: now, lastAt: now };
  return { failures: known.failures + 1, firstAt: known.firstAt, lastAt: now };
}
