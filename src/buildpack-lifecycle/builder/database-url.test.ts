import assert from "node:assert/strict";
import { test } from "node:test";
import { databaseUrl } from "./database-url.ts";

function bound(...uris: string[]): string {
  return JSON.stringify({ "user-provided": uris.map((uri) => ({ credentials: { uri } })) });
}

for (const [services, url] of [
  [bound("mysql://u:p@h/db"), "mysql2://u:p@h/db"],
  [bound("mysql2://h/db"), "mysql2://h/db"],
  [bound("postgres://h/db"), "postgres://h/db"],
  [bound("amqp://h", "postgresql://u:p%40@h:5432/db?ssl=1"), "postgres://u:p%40@h:5432/db?ssl=1"],
  [bound("redis://h"), undefined],
  [JSON.stringify({ a: [{ credentials: null }, { name: "x" }, 7], b: "c" }), undefined],
  ["", undefined],
  ["not JSON", undefined],
] as const) {
  test(`databaseUrl() of ${services} is ${url}`, () => {
    assert.equal(databaseUrl(services), url);
  });
}
