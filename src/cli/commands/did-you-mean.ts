import { commandTable } from "./command-table.ts";

const mostEdits = 2;

/** Commands spelled almost like that, as the official client suggests them; empty where none is close. */
export function didYouMean(name: string): string {
  const close = commandTable
    .map((entry) => entry.name)
    .filter((candidate) => editDistance(name, candidate) <= mostEdits)
    .sort();
  return close.length === 0 ? "" : `\n\nDid you mean?${close.map((it) => `\n    ${it}`).join("")}`;
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of a.split("").entries()) {
    const current = [row + 1];
    for (const [column, other] of b.split("").entries()) {
      current.push(
        Math.min(
          (previous[column + 1] ?? 0) + 1,
          (current[column] ?? 0) + 1,
          (previous[column] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
