import type { Clock } from "#kernel/clock/clock.ts";

/** Whether the promise settles, either way, before the signal aborts. Never rejects. */
export async function settlesBefore(
  promise: Promise<unknown>,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: outcome, resolve } = Promise.withResolvers<boolean>();
  const onAbort = () => resolve(false);
  signal.addEventListener("abort", onAbort, { once: true });
  promise.then(
    () => resolve(true),
    () => resolve(true),
  );
  try {
    return await outcome;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether the promise settles, either way, within that time. Never rejects. */
export async function settlesWithin(
  promise: Promise<unknown>,
  ms: number,
  clock: Clock,
): Promise<boolean> {
  const over = new AbortController();
  const expired = clock.sleep(ms, over.signal).then(
    () => false,
    () => true,
  );
  const settled = promise.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([settled, expired]);
  over.abort();
  return result;
}
