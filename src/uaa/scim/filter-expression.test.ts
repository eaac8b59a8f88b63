import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { UaaError } from "../uaa-error.ts";
import { parseFilter, where, type FilterColumns } from "./filter-expression.ts";

const columns: FilterColumns = {
  id: { column: "guid", kind: "text" },
  username: { column: "name_key", kind: "folded" },
  active: { column: "is_active", kind: "flag" },
};

const db = new Kysely<{ users: { guid: string } }>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (instance) => new SqliteIntrospector(instance),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

function compiled(text: string) {
  const { sql, parameters } = db
    .selectFrom("users")
    .select("guid")
    .where(where(parseFilter(text, columns)))
    .compile();
  return [sql.split(" where ")[1], parameters];
}

for (const [text, sql, parameters] of [
  ['id eq "a"', '"guid" = ?', ["a"]],
  ['USERNAME EQ "Ann"', '"name_key" = ?', ["ann"]],
  ['userName eq "a \\"b\\" \\\\"', '"name_key" = ?', ['a "b" \\']],
  [
    'id eq "a" and userName eq "b" or active eq true',
    '(("guid" = ? and "name_key" = ?) or "is_active" = ?)',
    ["a", "b", 1],
  ],
  [
    'id eq "a" and (userName eq "b" or active eq false)',
    '("guid" = ? and ("name_key" = ? or "is_active" = ?))',
    ["a", "b", 0],
  ],
  ['id co "50%_"', "lower(\"guid\") like ? escape '\\'", ["%50\\%\\_%"]],
  ['userName sw "A"', "lower(\"name_key\") like ? escape '\\'", ["a%"]],
  ["id pr", '("guid" is not null and "guid" <> \'\')', []],
  ['id eq ")"', '"guid" = ?', [")"]],
] as const) {
  test(`the filter ${text} becomes a condition`, () => {
    assert.deepEqual(compiled(text), [sql, parameters]);
  });
}

for (const text of [
  "",
  "id",
  "id eq",
  "id eq a",
  'id eq "a',
  'id = "a"',
  'id gt "a"',
  'phone eq "1"',
  '"id" eq "a"',
  'id eq "a" and',
  'id eq "a" userName eq "b"',
  '(id eq "a"',
  'id eq "a")',
  'active eq "true"',
  "active co true",
  "active eq maybe",
  'constructor eq "x"',
  'id eq "a"; drop table users',
]) {
  test(`the filter [${text}] is refused`, () => {
    assert.throws(
      () => parseFilter(text, columns),
      (error) =>
        error instanceof UaaError &&
        error.code === "scim" &&
        error.message === `Invalid filter expression: [${text}]`,
    );
  });
}
