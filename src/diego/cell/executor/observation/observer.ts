import type { Observed, SpanFacts } from "#diego/models/observation.ts";

/** A piece of work that is timed. */
export interface Work {
  readonly name: Extract<Observed, { kind: "span" }>["name"];
  readonly subject: string;
}

export interface WorkEnd {
  /** Default "ok". */
  readonly outcome?: string;
  readonly facts?: SpanFacts;
}

/** Hears what happens in one container. To tell it never fails and never waits. */
export interface Observer {
  /** Whether anybody listens: what costs something to find out is left out otherwise. */
  readonly listens: boolean;
  line(source: string, type: "OUT" | "ERR", line: Buffer): void;
  trace(line: Buffer): void;
  /** Times the work, whose result or error is given back as it is. */
  span<T>(what: Work, work: () => Promise<T>, endOf?: (result: T) => WorkEnd): Promise<T>;
  /** Whether a line has said that there is no space left on a disk, whichever it was. */
  sawFullDisk(): boolean;
  /** Work that was begun earlier and ends now. */
  ended(what: Work, startedAt: Date): void;
  /** Resolves once all has been handed over, or cannot be within 2 s. */
  flush(): Promise<void>;
  /** The same; nothing follows. */
  close(): Promise<void>;
}

/** For containers of which nobody has asked to hear. */
export const unobserved: Observer = {
  listens: false,
  line: () => undefined,
  trace: () => undefined,
  span: async (_what, work) => await work(),
  sawFullDisk: () => false,
  ended: () => undefined,
  flush: async () => undefined,
  close: async () => undefined,
};
