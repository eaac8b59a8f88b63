import type { CellChannel } from "./cell-channel.ts";

interface Phase {
  /** `detect`, `supply`, `finalize`, `compile`, `release`, `download`, `droplet`, `cache`; `builder` where the builder itself gave up. */
  readonly phase: string;
  readonly buildpack?: string;
  /** Of a script: its path and its arguments. */
  readonly command?: readonly string[];
}

export interface PhaseOutcome {
  /** "ok", or the reason for the failure. */
  readonly outcome: string;
  /** Size of what the phase wrote, where it wrote one file. */
  readonly bytes?: number;
  /** Of detect: what it printed to be read by Cloud Foundry, a part of it at most. */
  readonly output?: string;
  /** Of a tool whose output is not the log's: what it complained of, a part of it at most. */
  readonly errors?: string;
  /** Of detect: a file that it looks for, found where it does not look. */
  readonly nearest?: string;
  /** Of detect: what the buildpack says of itself. */
  readonly version?: string;
}

/** Reports the phases of a staging to the platform, beside the log and never in it. */
export interface Trace {
  record<T>(phase: Phase, work: () => T, outcomeOf: (result: T) => PhaseOutcome): T;
  /** Why the staging ends here; nothing where the phase before has failed, which tells it. */
  giveUp(reason: string): void;
}

/** Characters of a reason that the platform is told. */
const reasonMax = 1_000;

/** The cell's reader of a line, and in all: one that is slower is not worth more of a staging. */
const waitMs = 1_000;
const patienceMs = 3_000;

/**
 * Tells two lines a phase: one as it begins, with `started_ms` since the builder's start, so that whoever reads
 * knows to which phase the output belongs, and one as it ends, with `ended_ms` and its outcome as well. Observation must
 * never fail a staging: where telling fails, it falls silent. After each line it waits until it has
 * been read, so that what is printed afterwards is not taken for the phase before.
 */
export function openTrace(channel: CellChannel | undefined): Trace {
  const beginning = process.hrtime.bigint();
  const elapsedMs = (): number => Number((process.hrtime.bigint() - beginning) / 1_000_000n);
  let sink = channel;
  let hasFailed = false;
  let patienceLeftMs = patienceMs;
  const write = (line: object) => {
    try {
      sink?.tell(line);
      patienceLeftMs -= sink?.waitUntilRead(Math.min(waitMs, patienceLeftMs)) ?? 0;
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
      const ended = outcomeOf(result);
      hasFailed = ended.outcome !== "ok";
      write({ ...begun, ended_ms: elapsedMs(), ...ended });
      return result;
    },
    giveUp(reason) {
      if (hasFailed) return;
      const at = elapsedMs();
      const outcome = reason.slice(0, reasonMax);
      write({ phase: "builder", started_ms: at, ended_ms: at, outcome });
    },
  };
}
