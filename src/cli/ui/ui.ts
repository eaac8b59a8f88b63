import type { Readable, Writable } from "node:stream";
import { safeStyledText } from "./safe-text.ts";
import { styled, type Style } from "./style.ts";
import { keyValueLines, tableLines, type TableOptions } from "./table.ts";

export interface UiStreams {
  readonly input: Readable;
  readonly out: Writable;
  readonly err: Writable;
}

export interface UiOptions {
  readonly color: boolean;
  /** Columns of the terminal that `out` is, undefined where it is none. */
  readonly terminalWidth: number | undefined;
  /** Whether `err` is a terminal, where a line may be drawn over. */
  readonly isErrTerminal: boolean;
}

/** Everything the client shows: results on stdout, warnings, errors and progress on stderr. */
export class Ui {
  readonly streams: UiStreams;
  readonly isErrTerminal: boolean;
  readonly #color: boolean;
  readonly #terminalWidth: number | undefined;

  constructor(streams: UiStreams, options: UiOptions) {
    this.streams = streams;
    this.isErrTerminal = options.isErrTerminal;
    this.#color = options.color;
    this.#terminalWidth = options.terminalWidth;
  }

  text(line: string): void {
    this.streams.out.write(`${line}\n`);
  }

  /** A sentence whose values stand out: ui.flavor`Deleting app ${name}...` */
  flavor(strings: TemplateStringsArray, ...values: string[]): string {
    return String.raw({ raw: strings }, ...values.map((value) => this.style(value, "flavor")));
  }

  newline(): void {
    this.streams.out.write("\n");
  }

  ok(): void {
    this.streams.out.write(`${this.style("OK", "greenBold")}\n\n`);
  }

  header(line: string): void {
    this.text(this.style(line, "bold"));
  }

  warning(line: string): void {
    this.streams.err.write(`${line}\n`);
  }

  failed(message: string): void {
    this.streams.err.write(`${message}\n`);
    this.text(this.style("FAILED", "redBold"));
  }

  table(rows: readonly (readonly string[])[], options: TableOptions = {}): void {
    for (const line of tableLines(rows, options)) this.text(line);
  }

  /** A table whose first row is its header. */
  tableWithHeader(rows: readonly (readonly string[])[], options: TableOptions = {}): void {
    const [header = [], ...rest] = rows;
    this.table([header.map((cell) => this.style(cell, "bold")), ...rest], options);
  }

  keyValues(rows: readonly (readonly [string, string])[]): void {
    for (const line of keyValueLines(rows, this.#terminalWidth)) this.text(line);
  }

  /** Bytes as they are, for `curl`. */
  raw(bytes: Uint8Array): void {
    this.streams.out.write(bytes);
  }

  /** A line that the platform does not vouch for, as it may be shown: a file or a pipe gets it as it is. */
  foreign(line: string): string {
    return this.#terminalWidth === undefined ? line : safeStyledText(line);
  }

  style(text: string, style: Style): string {
    return this.#color ? styled(text, style) : text;
  }
}
