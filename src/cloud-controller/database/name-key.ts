import { sql } from "kysely";
import { isOneOf } from "../http/page.ts";

/**
 * What two names of one resource have in common: they may differ in the case of their letters, of whatever alphabet, and
 * in nothing else, as in Cloud Controller's citext columns. Kept in a column of its own, since SQLite folds ASCII alone and
 * PostgreSQL's collations also fold what is composed otherwise.
 */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/** The columns of a name. */
export function named(name: string): { readonly name: string; readonly nameKey: string } {
  return { name, nameKey: nameKey(name) };
}

/** Whether a column of keys has that of one of these names. */
export function isNamed(column: string, names: readonly string[]) {
  return isOneOf(sql.ref(column), names.map(nameKey));
}
