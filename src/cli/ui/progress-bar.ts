import { Transform } from "node:stream";
import type { StreamBody } from "../api/http-transport.ts";
import type { Ui } from "./ui.ts";

const width = 40;

/** `[====>    ] 42%`, drawn over itself on a terminal; nothing where stderr is none. */
export function progressLine(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * width);
  const bar = filled === width ? "=".repeat(width) : `${"=".repeat(filled)}>`.padEnd(width);
  return `[${bar}] ${Math.floor(share * 100)}%`;
}

/** The same content, whose reading moves a bar. */
export function withProgress(ui: Ui, content: StreamBody): StreamBody {
  if (!ui.isErrTerminal) return content;
  return {
    length: content.length,
    open: () => {
      let done = 0;
      let shown = "";
      const counter = new Transform({
        transform(chunk: Buffer, _encoding, callback) {
          done += chunk.length;
          const line = progressLine(done, content.length);
          if (line !== shown) ui.streams.err.write(`\r${line}`);
          shown = line;
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
