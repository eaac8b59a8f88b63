/** SQLite's primary result codes that tell of the machine, not of what was asked: the same may work in a while. */
const reasons = new Map([
  [5, "the database is locked by another process"],
  [8, "the database cannot be written"],
  [10, "the disk of the database does not work"],
  [13, "no space is left on the disk of the database"],
  [14, "the database cannot be opened"],
]);

/** Why the database cannot do what was asked of it now, or undefined where the error is another one. */
export function whyUnavailable(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? reasons.get(error.errcode & 0xff) : undefined;
}
