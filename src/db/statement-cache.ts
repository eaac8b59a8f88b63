/**
 * Prepared statements by their text, the most recently used ones: to prepare takes three times as long as to run a look-up
 * by key.
 */
export class StatementCache<Statement> {
  readonly #limit: number;
  readonly #prepare: (sql: string) => Statement;
  /** In the order of their last use. */
  readonly #statements = new Map<string, Statement>();

  constructor(limit: number, prepare: (sql: string) => Statement) {
    this.#limit = limit;
    this.#prepare = prepare;
  }

  /** @throws what `prepare` throws; then nothing is kept. */
  of(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#prepare(sql);
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > this.#limit) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  clear(): void {
    this.#statements.clear();
  }
}
