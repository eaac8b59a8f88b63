import { z } from "zod";
import type { ObservationBatch, ObservationRecord } from "#diego/models/observation.ts";
import type { LogLine, Progress, Span } from "./observation-table.ts";

/** More are not kept: whatever runs in the container may pretend to be the builder. */
const spansMax = 500;
/** Bytes of what is kept of a phase's words. */
const saidMax = 8_192;
const outputMax = 8_192;

const shortText = z.string().max(1_024);
const elapsedMs = z.number().min(0).max(1e9);

/** A line of the builder about itself (src/buildpack-lifecycle/builder/trace.ts): a phase that begins, or one that has ended. */
const traceSchema = z.object({
  phase: z.string().regex(/^[a-z-]{1,32}$/),
  buildpack: shortText.optional(),
  command: z.array(z.string().max(4_096)).max(20).optional(),
  started_ms: elapsedMs,
  ended_ms: elapsedMs.optional(),
  outcome: shortText.optional(),
  bytes: z.number().int().nonnegative().optional(),
  output: z.string().optional(),
  errors: z.string().optional(),
  nearest: shortText.optional(),
  version: shortText.optional(),
});

type Trace = z.infer<typeof traceSchema>;

export interface Interpretation {
  readonly progress: Progress;
  readonly lines: readonly LogLine[];
  readonly spans: readonly Span[];
}

/**
 * What a batch adds to a build's log and timeline. Records that were there before add nothing; a line belongs to the phase
 * that the builder was in, which the order of the records tells. `nameOf` gives a buildpack's name for its key.
 */
export function interpretRecords(
  before: Progress,
  batch: ObservationBatch,
  nameOf: (key: string) => string,
): Interpretation {
  const isAnew = batch.run !== before.run;
  const { phase: _phase, builderStart: _start, ...kept } = before;
  const reading = new Reading(isAnew ? { ...kept, run: batch.run, record: 0 } : before, nameOf);
  for (const record of batch.records) reading.take(record);
  return reading.result(batch.closed);
}

class Reading {
  #progress: Progress;
  readonly #nameOf: (key: string) => string;
  readonly #lines: LogLine[] = [];
  readonly #spans: Span[] = [];

  constructor(before: Progress, nameOf: (key: string) => string) {
    this.#progress = before;
    this.#nameOf = nameOf;
  }

  result(closed: boolean): Interpretation {
    const progress = { ...this.#progress, closed: this.#progress.closed || closed };
    return { progress, lines: this.#lines, spans: this.#spans };
  }

  take(record: ObservationRecord): void {
    const { record: newest } = this.#progress;
    if (record.number <= newest) return;
    // Whatever the cell dropped was lines: they count, so that the gap shows.
    const missing = newest === 0 ? 0 : record.number - newest - 1;
    const lines = this.#progress.lines + missing;
    this.#progress = { ...this.#progress, record: record.number, lines };
    const { what, at } = record;
    switch (what.kind) {
      case "line":
        return this.#line(at, what);
      case "trace":
        return this.#trace(at, what.text);
      case "span":
        // The builder has ended, so whatever it was in has too.
        if (what.name === "process") this.#endPhase(at, { outcome: "interrupted" });
        return this.#span({
          name: what.name,
          subject: what.subject,
          from: "cell",
          startedAt: Math.min(what.startedAt, at),
          endedAt: at,
          outcome: what.outcome,
          ...factsOf(what.facts),
        });
    }
  }

  #line(at: number, line: Extract<ObservationRecord["what"], { kind: "line" }>): void {
    const { phase } = this.#progress;
    const isOfPhase = phase !== undefined && line.source === "STG";
    this.#progress = { ...this.#progress, lines: this.#progress.lines + 1 };
    this.#lines.push({
      number: this.#progress.lines,
      at,
      type: line.type,
      source: line.source,
      ...(isOfPhase ? { phase: phase.name } : {}),
      ...(isOfPhase && phase.subject !== "" ? { buildpack: phase.subject } : {}),
      text: line.text,
    });
    if (!isOfPhase) return;
    const said = `${phase.said}${line.text}\n`.slice(-saidMax);
    this.#progress = { ...this.#progress, phase: { ...phase, said } };
  }

  #trace(at: number, text: string): void {
    const trace = parseTrace(text);
    if (trace === undefined) return;
    const builderStart = this.#progress.builderStart ?? at - trace.started_ms;
    this.#progress = { ...this.#progress, builderStart };
    const instant = (ms: number) => Math.min(at, builderStart + ms);
    const startedAt = instant(trace.started_ms);
    const subject = trace.buildpack === undefined ? "" : this.#nameOf(trace.buildpack);
    const command = trace.command === undefined ? {} : { command: trace.command };
    if (trace.ended_ms === undefined) {
      this.#endPhase(startedAt, { outcome: "interrupted" });
      const phase = { name: trace.phase, subject, startedAt, said: "", ...command };
      this.#progress = { ...this.#progress, phase };
      return;
    }
    const said = trace.errors?.slice(-saidMax) ?? this.#progress.phase?.said ?? "";
    this.#forgetPhase();
    const outcome = trace.outcome ?? "ok";
    this.#span({
      name: trace.phase,
      subject,
      from: "builder",
      startedAt,
      endedAt: Math.max(startedAt, instant(trace.ended_ms)),
      outcome,
      ...command,
      ...detailsOf(trace),
      ...(outcome === "ok" || said === "" ? {} : { errors: said }),
    });
  }

  #endPhase(at: number, { outcome }: { readonly outcome: string }): void {
    const { phase } = this.#progress;
    if (phase === undefined) return;
    this.#forgetPhase();
    const { name, subject, startedAt, said, command: asked } = phase;
    const command = asked === undefined ? {} : { command: asked };
    const errors = said === "" ? {} : { errors: said };
    const endedAt = Math.max(startedAt, at);
    this.#span({
      name,
      subject,
      from: "builder",
      startedAt,
      endedAt,
      outcome,
      ...command,
      ...errors,
    });
  }

  #forgetPhase(): void {
    const { phase: _ended, ...rest } = this.#progress;
    this.#progress = rest;
  }

  #span(span: Span): void {
    if (this.#progress.spans >= spansMax) return;
    this.#progress = { ...this.#progress, spans: this.#progress.spans + 1 };
    this.#spans.push(span);
  }
}

function parseTrace(text: string): Trace | undefined {
  try {
    return traceSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function detailsOf({ bytes, output, nearest, version }: Trace): Partial<Span> {
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(output === undefined || output === "" ? {} : { output: output.slice(0, outputMax) }),
    ...(nearest === undefined ? {} : { nearest }),
    ...(version === undefined ? {} : { version }),
  };
}

function factsOf(
  facts: Extract<ObservationRecord["what"], { kind: "span" }>["facts"],
): Partial<Span> {
  const { bytes, cached, outOfMemory, memoryPeakBytes, largestFolders } = facts;
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(cached === undefined ? {} : { cached }),
    ...(outOfMemory === undefined ? {} : { outOfMemory }),
    ...(memoryPeakBytes === undefined ? {} : { memoryPeakBytes }),
    ...(largestFolders === undefined ? {} : { largestFolders }),
  };
}
