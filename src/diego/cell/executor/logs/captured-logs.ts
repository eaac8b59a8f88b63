import type { LogStreamer } from "./log-streamer.ts";
import { followLines, splitText } from "./log-streamer.ts";

const maxLines = 10;

/** Keeps the last lines instead of logging them: the output of a health check becomes the reason of a failure. */
export class CapturedLogs implements LogStreamer {
  readonly #lines: string[] = [];

  source(sourceType: string): ReturnType<LogStreamer["source"]> {
    const keep = (line: Buffer) => {
      this.#lines.push(line.toString("utf8"));
      if (this.#lines.length > maxLines) this.#lines.shift();
    };
    return {
      sourceType,
      say: (_type, text) => splitText(text, keep),
      follow: (_type, output) => followLines(output, keep),
    };
  }

  text(): string {
    return this.#lines.join("; ");
  }
}
