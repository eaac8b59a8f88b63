import {
  CamelCasePlugin,
  type PluginTransformResultArgs,
  type QueryResult,
  type UnknownRow,
} from "kysely";

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
 * Names of tables and columns are snake_case in SQL; values of JSON columns keep their keys. Rows are left as they are:
 * the dialects give them with the names in camelCase, which costs a renaming for each statement instead of for each row.
 */
export class SnakeCaseNames extends CamelCasePlugin {
  constructor() {
    super({ maintainNestedObjectKeys: true });
  }

  override async transformResult({
    result,
  }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
