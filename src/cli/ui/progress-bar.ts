import { Transform } from "node:stream";
import type { Clock } from "#kernel/clock/clock.ts";
import { formatBytes } from "#kernel/size.ts";
import type { StreamBody } from "../api/http-transport.ts";
import type { Ui } from "./ui.ts";

interface Watched {
  readonly ui: Ui;
  readonly clock: Clock;
}

const width = 40;
/** Before it a rate would be made of a buffer or two. */
const tellableMs = 500;
/** Longest time between two drawings is that of two chunks; the shortest is this. */
const redrawMs = 100;

export interface Progress {
  /** Bytes. */
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}

/** `[====>    ] 42%  2.1M of 5.0M  1.0M/s  3s left`; rate and time once there is something to tell them by. */
export function progressLine({ done, total, elapsedMs }: Progress): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * width);
  const bar = filled === width ? "=".repeat(width) : `${"=".repeat(filled)}>`.padEnd(width);
  const parts = [
    `[${bar}] ${Math.floor(share * 100)}%`,
    `${formatBytes(done)} of ${formatBytes(total)}`,
  ];
  if (done > 0 && elapsedMs >= tellableMs) {
    const perSecond = Math.ceil((done / elapsedMs) * 1_000);
    parts.push(`${formatBytes(perSecond)}/s`);
    if (done < total) parts.push(`${Math.ceil((total - done) / perSecond)}s left`);
  }
  return parts.join("  ");
}

/** What resource matching has spared, for a terminal: the official client's lines do not tell. */
export function matchLine(
  all: readonly { readonly size: number }[],
  missing: readonly { readonly size: number }[],
): string {
  const bytes = (files: readonly { readonly size: number }[]) =>
    files.reduce((sum, { size }) => sum + size, 0);
  const total = bytes(all);
  const toSend = bytes(missing);
  return (
    `${all.length} entries (${formatBytes(total)}): the platform holds ${all.length - missing.length} ` +
    `(${formatBytes(total - toSend)}), ${missing.length} (${formatBytes(toSend)}) to send`
  );
}

/** The same content, whose reading moves a bar that is drawn over itself; nothing where stderr is no terminal. */
export function withProgress({ ui, clock }: Watched, content: StreamBody): StreamBody {
  if (!ui.isErrTerminal) return content;
  return {
    length: content.length,
    open: () => {
      const { length: total } = content;
      const startedAt = clock.now().getTime();
      let done = 0;
      let drawnAt = Number.NEGATIVE_INFINITY;
      let drawnLength = 0;
      const counter = new Transform({
        transform(chunk: Buffer, _encoding, callback) {
          done += chunk.length;
          const now = clock.now().getTime();
          if (done === total || now - drawnAt >= redrawMs) {
            const line = progressLine({ done, total, elapsedMs: now - startedAt });
            ui.streams.err.write(`\r${line.padEnd(drawnLength)}`);
            drawnAt = now;
            drawnLength = line.length;
          }
          callback(undefined, chunk);
        },
        flush(callback) {
          ui.streams.err.write("\n");
          callback();
        },
      });
      const source = content.open();
      source.once("error", (error) => counter.destroy(error));
      return source.pipe(counter);
    },
  };
}
