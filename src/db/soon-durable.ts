import { sql, SqliteAdapter, type Kysely, type Transaction } from "kysely";

/**
 * A transaction that is on the disk a moment after it is acknowledged: the kill of a process loses nothing of it, a power
 * cut perhaps all. For rows that only save work, of which there are many: waiting for the disk after each piece of them
 * held up every request. Who needs what was written so to last commits something in the usual way after it.
 */
export async function soonDurable<Schema, Result>(
  db: Kysely<Schema>,
  work: (tx: Transaction<Schema>) => Promise<Result>,
): Promise<Result> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) {
    return await db.transaction().execute(async (tx) => {
      await sql`set local synchronous_commit = off`.execute(tx);
      return await work(tx);
    });
  }
  return await db.connection().execute(async (connection) => {
    await sql`pragma synchronous = normal`.execute(connection);
    try {
      return await connection.transaction().execute(work);
    } finally {
      await sql`pragma synchronous = full`.execute(connection);
    }
  });
}
