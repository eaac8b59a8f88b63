/** Statements that a connection keeps prepared at most; the platform has some hundreds. */
const namedAtMost = 300;

/** Texts that were sent once are remembered up to here: those with lists of values are endless. */
const seenAtMost = 1_000;

/**
 * Which statements of one connection PostgreSQL keeps prepared: those that are sent a second time. It reads and analyses
 * such a text once, and plans it once where that serves all values. Names are never used again, and none is taken back:
 * a connection whose names are used up, or whose statements no longer fit their tables, is to be replaced.
 */
export class NamedStatements {
  readonly #names = new Map<string, string>();
  readonly #seen = new Set<string>();
  #isStale = false;

  /** The name to send a text with; undefined: with none. */
  nameOf(text: string, parameters: readonly unknown[]): string | undefined {
    // What has no values is sent in one message anyhow: `begin`, and the changes of migrations.
    if (this.#isStale || parameters.length === 0) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= namedAtMost) return known;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size >= seenAtMost) this.#seen.clear();
      this.#seen.add(text);
      return undefined;
    }
    const name = `s${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** A statement's table has changed under it: from now on nothing is sent with a name. */
  outdate(): void {
    this.#isStale = true;
  }

  /** Whether the connection is to be replaced once nobody uses it. */
  get isSpent(): boolean {
    return this.#isStale || this.#names.size >= namedAtMost;
  }
}
