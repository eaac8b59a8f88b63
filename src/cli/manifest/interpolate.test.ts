import assert from "node:assert/strict";
import { test } from "node:test";
import { interpolate } from "./interpolate.ts";

test("interpolate() puts variables with their type in the place of whole scalars", () => {
  const document = { instances: "((count))", routes: "((routes))", name: "((name))" };

  assert.deepEqual(interpolate(document, { count: 3, routes: [{ route: "a.b" }], name: "app" }), {
    instances: 3,
    routes: [{ route: "a.b" }],
    name: "app",
  });
});

test("interpolate() writes variables into longer texts, keys and lists", () => {
  const document = { "((key))-1": ["host-((n)).example.com", "((on))"], plain: 5, none: null };

  assert.deepEqual(interpolate(document, { key: "k", n: 7, on: true }), {
    "k-1": ["host-7.example.com", true],
    plain: 5,
    none: null,
  });
});

test("interpolate() reads fields of a variable", () => {
  assert.deepEqual(interpolate({ a: "((db.user))" }, { db: { user: "me" } }), { a: "me" });
});

test("interpolate() names every variable that is missing", () => {
  assert.throws(
    () => interpolate({ a: "((one))", b: ["x-((two))", "((db.user))"] }, {}),
    /Expected to find variables: db, one, two$/,
  );
});

test("interpolate() refuses a list inside a text", () => {
  assert.throws(() => interpolate({ a: "x((v))" }, { v: [1] }), /Invalid type 'list' .*'v'/);
});
