import { commandTable } from "./command-table.ts";

const mostEdits = 1;

/** Commands spelled almost like that, as the official client suggests them; empty where none is close. */
export function didYouMean(name: string): string {
  const close = commandTable
    .map((entry) => entry.name)
    .filter((candidate) => editDistance(name, candidate) <= mostEdits)
    .sort();
  return close.length === 0 ? "" : `\n\nDid you mean?${close.map((it) => `\n    ${it}`).join("")}`;
}

/** How many letters are missing, too many, wrong, or have changed places with their neighbours. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
