/** The only source of time in the platform; a loop under test gets a `FakeClock`. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason once it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Nanoseconds since the epoch, the unit of log-cache and of the BBS. */
export function toNanoseconds(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n;
}

export function fromNanoseconds(nanoseconds: bigint): Date {
  return new Date(Number(nanoseconds / 1_000_000n));
}

/** The instant so many milliseconds after the epoch. */
export function fromMilliseconds(milliseconds: number): Date {
  return new Date(milliseconds);
}

/** The instant that many milliseconds later, or earlier where they are negative. */
export function addMs(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}

/** An instant in ISO 8601 as a Date, or undefined where the text is none. */
export function parseInstant(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
