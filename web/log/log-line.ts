/** A line of a log, whoever kept it. */
export interface LogLine {
  /** Of a build's log its number there, else the order of arrival. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly isError: boolean;
  /** `STG`, `APP/PROC/WEB/0`. */
  readonly source: string;
  /** Of the builder: `detect`, `supply`, ... */
  readonly phase: string | undefined;
  readonly buildpack: string | undefined;
  readonly text: string;
}

/** More lines of a log are not held: the oldest go. */
const heldLines = 50_000;

/** The lines with `added`; how many have gone, so that it can be said. */
export interface HeldLog {
  readonly lines: readonly LogLine[];
  readonly gone: number;
}

export const emptyLog: HeldLog = { lines: [], gone: 0 };

export function withLines(log: HeldLog, added: readonly LogLine[], limit = heldLines): HeldLog {
  if (added.length === 0) return log;
  const all = [...log.lines, ...added];
  const surplus = Math.max(0, all.length - limit);
  return { lines: surplus === 0 ? all : all.slice(surplus), gone: log.gone + surplus };
}
