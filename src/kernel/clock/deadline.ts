import type { Clock } from "./clock.ts";

/**
 * Runs `work` with a signal that aborts after `ms` on the clock, or when `parent` aborts.
 * The reason of an expiry is a `DeadlineExceeded`.
 */
export async function withDeadline<T>(
  options: { readonly clock: Clock; readonly ms: number; readonly signal?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const expiry = new AbortController();
  const finished = new AbortController();
  const timer = options.clock.sleep(options.ms, finished.signal).then(
    () => expiry.abort(new DeadlineExceeded(options.ms)),
    () => undefined,
  );
  const signal =
    options.signal === undefined ? expiry.signal : AbortSignal.any([options.signal, expiry.signal]);
  try {
    return await work(signal);
  } finally {
    finished.abort();
    await timer;
  }
}

export class DeadlineExceeded extends Error {
  readonly ms: number;
  constructor(ms: number) {
    super(`Deadline of ${ms} ms exceeded`);
    this.name = "DeadlineExceeded";
    this.ms = ms;
  }
}
