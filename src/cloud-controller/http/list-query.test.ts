import assert from "node:assert/strict";
import { test } from "node:test";
import { CfError } from "./cf-errors.ts";
import { parseListQuery, parseQuery, parseShowQuery } from "./list-query.ts";

const spec = {
  filters: ["names", "states"],
  orderBy: { name: "name" },
  labels: true,
  include: ["space", "org"],
  embed: ["instances"],
} as const;

const known =
  "'page', 'per_page', 'order_by', 'created_ats', 'updated_ats', 'guids', 'names', 'states', 'include', 'embed', 'label_selector'";
const misformed =
  "has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'";

test("what is wrong with a list's query is told in Cloud Controller's words", () => {
  const cases: [Record<string, string>, string][] = [
    [{ page: "0" }, "Page must be a positive integer"],
    [{ page: "-1" }, "Page must be a positive integer"],
    [{ page: "a" }, "Page must be a positive integer"],
    [{ page: "1.5" }, "Page must be a positive integer"],
    [{ page: "9".repeat(400) }, "Page must be a positive integer"],
    [{ per_page: "0" }, "Per page must be a positive integer"],
    [{ per_page: "5001" }, "Per page must be between 1 and 5000"],
    [{ per_page: "9".repeat(400) }, "Per page must be between 1 and 5000"],
    [
      { order_by: "created_at;drop table apps" },
      "Order by can only be: 'created_at', 'updated_at', 'name'",
    ],
    [{ order_by: "constructor" }, "Order by can only be: 'created_at', 'updated_at', 'name'"],
    [{ bogus: "1" }, `Unknown query parameter(s): 'bogus'. Valid parameters are: ${known}`],
    [
      { "a[b]": "c", __proto__x: "1" },
      `Unknown query parameter(s): 'a[b]', '__proto__x'. Valid parameters are: ${known}`,
    ],
    [{ created_ats: "yesterday" }, `Created ats ${misformed}`],
    [{ "updated_ats[gt]": "2020-01-01" }, `Updated ats ${misformed}`],
    [
      { "created_ats[near]": "2020-01-01T00:00:00Z" },
      "Created ats Invalid relational operator: 'near'",
    ],
    [
      { "created_ats[lt]": "2020-01-01T00:00:00Z,2021-01-01T00:00:00Z" },
      "Created ats only accepts one value when using a relational operator",
    ],
    [
      { include: "moon" },
      "Invalid included resource: 'moon'. Valid included resources are: 'space', 'org'",
    ],
    [{ include: "space,space" }, "Duplicate included resource: 'space'"],
    [{ embed: "" }, "Invalid embedded resource: ''. Valid embedded resources are: 'instances'"],
    [{ label_selector: "" }, "Missing label_selector value"],
    [
      { label_selector: Array.from({ length: 51 }, (_, n) => `k${n}`).join(",") },
      "Too many label_selector requirements (maximum is 50)",
    ],
    [
      { label_selector: "a,".repeat(20_000) },
      "Too many label_selector requirements (maximum is 50)",
    ],
    [{ label_selector: "a in (" }, "Invalid label_selector value"],
    [{ label_selector: "a~b" }, "Invalid label_selector value"],
    [{ label_selector: "!" }, "Invalid label_selector value"],
    [{ label_selector: "a==b==c" }, "'b==c' contains invalid characters"],
    [{ label_selector: "a='x'" }, "''x'' contains invalid characters"],
    [{ label_selector: "a/b/c" }, "key has more than one '/'"],
    [{ label_selector: "-a=b" }, "'-a' starts or ends with invalid characters"],
    [{ label_selector: `${"k".repeat(64)}=b` }, "'kkkkkkkk...' is greater than 63 characters"],
    [{ label_selector: "cloudfoundry.org/a" }, "prefix 'cloudfoundry.org' is reserved"],
    [
      { page: "0", order_by: "x", bogus: "1", include: "moon" },
      `Page must be a positive integer, Order by can only be: 'created_at', 'updated_at', 'name', Unknown query parameter(s): 'bogus'. Valid parameters are: ${known}, Invalid included resource: 'moon'. Valid included resources are: 'space', 'org'`,
    ],
  ];
  for (const [query, detail] of cases) {
    assert.throws(
      () => parseListQuery(query, spec),
      refusal(`The query parameter is invalid: ${detail}`),
      JSON.stringify(query).slice(0, 80),
    );
  }
});

test("a list's query gives filters, order and page", () => {
  const list = parseListQuery(
    {
      names: "a, b%2Cc,",
      states: "",
      order_by: "-name",
      per_page: "7",
      page: "",
      "created_ats[gte]": "2020-01-01T00:00:00Z",
      "created_ats[lt]": "2021-01-01T00:00:00Z",
      updated_ats: "2020-01-01T00:00:00Z",
      label_selector: "a,!b,c=1,c==2,d!=3,e in (1,),f notin (x,y),g.example/h=",
      include: "org,space",
    },
    spec,
  );

  assert.deepEqual({ ...list.filters }, { names: ["a", "b,c", ""], states: [""] });
  assert.deepEqual(list.order, { key: "name", column: "name", descending: true });
  assert.deepEqual([list.page, list.perPage], [1, 7]);
  assert.deepEqual(list.createdAts, [
    { kind: "compare", operator: ">=", instant: "2020-01-01T00:00:00.000Z" },
    { kind: "compare", operator: "<", instant: "2021-01-01T00:00:00.000Z" },
  ]);
  assert.deepEqual(list.updatedAts, [
    {
      kind: "within",
      seconds: [{ from: "2020-01-01T00:00:00.000Z", to: "2020-01-01T00:00:00.999Z" }],
    },
  ]);
  assert.deepEqual(list.labels, [
    { kind: "exists", key: "a" },
    { kind: "absent", key: "b" },
    { kind: "in", key: "c", values: ["1"] },
    { kind: "in", key: "c", values: ["2"] },
    { kind: "not-in", key: "d", values: ["3"] },
    { kind: "in", key: "e", values: ["1", ""] },
    { kind: "not-in", key: "f", values: ["x", "y"] },
    { kind: "in", key: "g.example/h", values: [""] },
  ]);
  assert.deepEqual(list.include, ["org", "space"]);
});

test("what is no list takes no more than it names", () => {
  assert.throws(
    () => parseShowQuery({ include: "moon", page: "1" }, { include: ["space"] }),
    refusal(
      "The query parameter is invalid: Unknown query parameter(s): 'page'. Valid parameters are: 'include', Invalid included resource: 'moon'. Valid included resources are: 'space'",
    ),
  );
  assert.throws(
    () => parseQuery({ host: "a\u0000b" }, ["host"]),
    refusal("The query parameter is invalid: host must not contain NUL characters"),
  );
  assert.deepEqual({ ...parseQuery({ host: ["a", "b"] }, ["host"]) }, { host: "b" });
});

function refusal(detail: string) {
  return (error: unknown) => {
    assert.ok(error instanceof CfError);
    assert.deepEqual(error.entries, [{ code: 10005, title: "CF-BadQueryParameter", detail }]);
    return true;
  };
}

test("a page is larger where a filter names what is listed and the client names no size", () => {
  const narrowed = { ...spec, narrowed: { by: ["names"], perPage: 1_000 } };
  const sizes = [
    {},
    { states: "a" },
    { names: "" },
    { names: "a" },
    { names: "a", per_page: "7" },
  ].map((query) => parseListQuery(query, narrowed).perPage);
  assert.deepEqual(sizes, [50, 50, 50, 1_000, 7]);
});
