import { displayWidth } from "./style.ts";

const padding = 3;

export interface TableOptions {
  readonly prefix?: string;
  /** Spaces between columns. */
  readonly gap?: number;
}

/** Rows as lines, every column but the last filled up to its widest cell. */
export function tableLines(
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string[] {
  const { prefix = "", gap = padding } = options;
  const widths = columnWidths(rows);
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      if (column === row.length - 1) return cell;
      return cell + " ".repeat((widths[column] ?? 0) - displayWidth(cell) + gap);
    });
    return prefix + cells.join("");
  });
}

/** Names and values; on a terminal the values wrap at words inside their own column. */
export function keyValueLines(
  rows: readonly (readonly [string, string])[],
  terminalWidth: number | undefined,
): string[] {
  const plain = tableLines(rows);
  if (terminalWidth === undefined) return plain;
  const indent = Math.max(0, ...rows.map(([key]) => displayWidth(key))) + padding;
  return rows.flatMap(([key, value], index) => {
    const line = plain[index] ?? "";
    if (displayWidth(line) <= terminalWidth) return [line];
    const wrapped = wrapWords(value, Math.max(1, terminalWidth - indent));
    const head = key + " ".repeat(indent - displayWidth(key));
    return wrapped.map((part, number) => (number === 0 ? head : " ".repeat(indent)) + part);
  });
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || displayWidth(last) + 1 + displayWidth(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    }
  }
  return widths;
}
