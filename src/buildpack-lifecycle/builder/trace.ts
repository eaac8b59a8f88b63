import { writeAll } from "./output.ts";

interface Phase {
  /** `detect`, `supply`, `finalize`, `compile`, `release`, `download`, `droplet`, `cache`. */
  readonly phase: string;
  readonly buildpack?: string;
}

export interface PhaseOutcome {
  /** "ok", or the reason for the failure. */
  readonly outcome: string;
  /** Size of what the phase wrote, where it wrote one file. */
  readonly bytes?: number;
}

/** Reports the phases of a staging to the platform, beside the log and never in it. */
export interface Trace {
  record<T>(phase: Phase, work: () => T, outcomeOf: (result: T) => PhaseOutcome): T;
}

/**
 * Writes one JSON line a phase to `fd`: the phase, `started_ms` and `ended_ms` since the builder's start, and its
 * outcome. Observation must never fail a staging: when nobody reads, it falls silent.
 */
export function openTrace(fd: number | undefined): Trace {
  const beginning = process.hrtime.bigint();
  const elapsedMs = (): number => Number((process.hrtime.bigint() - beginning) / 1_000_000n);
  let sink = fd;
  return {
    record(phase, work, outcomeOf) {
      const startedMs = elapsedMs();
      const result = work();
      if (sink === undefined) return result;
      const line = { ...phase, started_ms: startedMs, ended_ms: elapsedMs(), ...outcomeOf(result) };
      try {
        writeAll(sink, `${JSON.stringify(line)}\n`);
      } catch {
        sink = undefined;
      }
      return result;
    },
  };
}
