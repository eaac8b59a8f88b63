import assert from "node:assert/strict";
import { test } from "node:test";
import { StatementCache } from "./statement-cache.ts";

test("StatementCache.of() prepares a text once while it is among those used last", () => {
  const prepared: string[] = [];
  const cache = new StatementCache(2, (sql) => {
    prepared.push(sql);
    return { sql };
  });

  const first = cache.of("a");
  cache.of("b");
  assert.equal(cache.of("a"), first);
  cache.of("c");
  cache.of("a");
  cache.of("b");

  assert.deepEqual(prepared, ["a", "b", "c", "b"]);
});

test("StatementCache.of() keeps nothing of a text that cannot be prepared", () => {
  let fails = true;
  const cache = new StatementCache(2, (sql) => {
    if (fails) throw new Error("no such table");
    return sql;
  });

  assert.throws(() => cache.of("a"), /no such table/);
  fails = false;

  assert.equal(cache.of("a"), "a");
});
