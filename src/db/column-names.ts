/** The name in TypeScript of a column: `space_guid` is `spaceGuid`. */
export function camelCase(column: string): string {
  return column.replace(/(?!^)_+([^_])/g, (_, first: string) => first.toUpperCase());
}

/** A row's values under their names, in the order of the columns; of two columns of one name the later counts. */
export function toRow(
  names: readonly string[],
  values: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const row: Record<string, unknown> = {};
  // By index: an iterator over both is a tenth of the whole query.
  for (let column = 0; column < values.length; column += 1)
    row[names[column] ?? ""] = values[column];
  return row;
}

/**
 * Names of tables, columns and aliases as they stand in SQL: `spaceGuid` is `space_guid`. Compilers write them so; Kysely's
 * own plugin for it makes each query's tree a second time, and quoting looks at each character: together half of the time
 * that it takes to build a query. Names come from our own code, so there are few.
 */
export class SnakeCaseNames {
  readonly #quotable: (name: string) => string;
  readonly #known = new Map<string, string>();

  /** `quotable` doubles the quotes in a name. */
  constructor(quotable: (name: string) => string) {
    this.#quotable = quotable;
  }

  of(name: string): string {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const written = this.#quotable(snakeCase(name));
    this.#known.set(name, written);
    return written;
  }
}

/** Of capitals in a row the first one alone begins a word: `userGUID` is `user_guid`. */
function snakeCase(name: string): string {
  return name.replace(/(?<=[^A-Z])[A-Z]/g, "_$&").toLowerCase();
}
