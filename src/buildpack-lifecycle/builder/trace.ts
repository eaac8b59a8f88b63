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
  /** Of detect: what it printed to be read by Cloud Foundry, a part of it at most. */
  readonly output?: string;
  /** Of detect: a file that it looks for, found where it does not look. */
  readonly nearest?: string;
  /** Of detect: what the buildpack says of itself. */
  readonly version?: string;
}

/** Reports the phases of a staging to the platform, beside the log and never in it. */
export interface Trace {
  record<T>(phase: Phase, work: () => T, outcomeOf: (result: T) => PhaseOutcome): T;
}

/**
 * Writes two JSON lines a phase to `fd`: one as it begins, with `started_ms` since the builder's start, so that whoever reads
 * knows to which phase the output belongs, and one as it ends, with `ended_ms` and its outcome as well. Observation must
 * never fail a staging: where writing fails, it falls silent.
 */
export function openTrace(fd: number | undefined): Trace {
  const beginning = process.hrtime.bigint();
  const elapsedMs = (): number => Number((process.hrtime.bigint() - beginning) / 1_000_000n);
  let sink = fd;
  const write = (line: object) => {
    if (sink === undefined) return;
    try {
      writeAll(sink, `${JSON.stringify(line)}\n`);
    } catch {
      sink = undefined;
    }
  };
  return {
    record(phase, work, outcomeOf) {
      const begun = { ...phase, started_ms: elapsedMs() };
      write(begun);
      const result = work();
      if (sink === undefined) return result;
      write({ ...begun, ended_ms: elapsedMs(), ...outcomeOf(result) });
      return result;
    },
  };
}
