/** SQLite's primary result codes that tell of the machine, not of what was asked: the same may work in a while. */
const sqliteReasons = new Map([
  [5, "the database is locked by another process"],
  [8, "the database cannot be written"],
  [10, "the disk of the database does not work"],
  [13, "no space is left on the disk of the database"],
  [14, "the database cannot be opened"],
]);

/** The same of PostgreSQL's error codes; two letters stand for a class. */
const postgresReasons = new Map([
  ["08", "the connection to the database is lost"],
  ["25006", "the database cannot be written"],
  ["53100", "no space is left on the disk of the database"],
  ["53300", "the database has no connection left"],
  ["53", "the database server is out of resources"],
  ["57P", "the database server is stopping or starting"],
  ["58", "the disk of the database does not work"],
  ["40P01", "the database was busy with the same rows"],
  ["40001", "the database was busy with the same rows"],
]);

/** No connection to the database server could be had, or it was lost in the middle of a query. */
export class DatabaseUnreachable extends Error {
  constructor(cause: unknown) {
    super(`the database server does not answer (${reasonOf(cause)})`, { cause });
    this.name = "DatabaseUnreachable";
  }
}

/** Why the database cannot do what was asked of it now, or undefined where the error is another one. */
export function whyUnavailable(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof DatabaseUnreachable) return error.message;
  if ("errcode" in error && typeof error.errcode === "number") {
    return sqliteReasons.get(error.errcode & 0xff);
  }
  const code = postgresCode(error) ?? "";
  return [5, 3, 2].map((length) => postgresReasons.get(code.slice(0, length))).find(Boolean);
}

/** Whether a write failed because the row's name, or another unique column, is taken. */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return postgresCode(error) === "23505" || error.message.startsWith("UNIQUE constraint failed");
}

/** Five characters, of errors that a PostgreSQL server has sent: those have a severity, Node's own errors none. */
function postgresCode(error: Error): string | undefined {
  if (!("severity" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A refused connection to a name with several addresses is an AggregateError, which says nothing itself. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
