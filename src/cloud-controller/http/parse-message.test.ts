import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { metadataSchema } from "../metadata/metadata.ts";
import { checkMessage, relationshipsOf, toOneRelationship } from "./parse-message.ts";

const schema = z.strictObject({
  name: z.string().max(5).optional(),
  instances: z.int().min(1).max(10).optional(),
  enabled: z.boolean().optional(),
  relationships: relationshipsOf({ space: toOneRelationship("space") }).optional(),
  metadata: metadataSchema.optional(),
});

test("what is wrong with a body is told in Cloud Controller's words", () => {
  const structure = `Relationships Space must be structured like this: "space: {"data": {"guid": "valid-guid"}}"`;
  const guidLength = "Relationships Space guid must be between 1 and 200 characters";
  const notAnObject = "Relationships 'relationships' is not an object";
  const to = (guid: unknown) => ({ relationships: { space: { data: { guid } } } });
  const cases: [unknown, readonly string[]][] = [
    [{ name: 3 }, ["Name must be a string"]],
    [{ name: null }, ["Name must be a string"]],
    [{ name: ["x"] }, ["Name must be a string"]],
    [{ name: "abcdef" }, ["Name is too long (maximum is 5 characters)"]],
    [{ name: "a\u0000" }, ["The request must not contain NUL characters"]],
    [{ metadata: { labels: { "\u0000": "x" } } }, ["The request must not contain NUL characters"]],
    [{ instances: 1.5 }, ["Instances must be an integer"]],
    [{ instances: "3" }, ["Instances is not a number"]],
    [{ instances: 0 }, ["Instances must be greater than or equal to 1"]],
    [{ instances: 11 }, ["Instances must be less than or equal to 10"]],
    [{ instances: JSON.parse("9007199254740993") }, ["Instances must be less than or equal to 10"]],
    [{ instances: JSON.parse("1e999") }, ["Instances is not a number"]],
    [{ enabled: "true" }, ["Enabled must be a boolean"]],
    [
      { name: 3, zebra: 1, ["__proto__x"]: 1 },
      ["Unknown field(s): 'zebra', '__proto__x'", "Name must be a string"],
    ],
    [JSON.parse('{"__proto__": {"admin": true}}'), ["Unknown field(s): '__proto__'"]],
    [{ constructor: { prototype: {} } }, ["Unknown field(s): 'constructor'"]],
    [{ relationships: [] }, [notAnObject]],
    [{ relationships: "x" }, [notAnObject]],
    [
      { relationships: {} },
      ["Relationships 'relationships' must include one or more valid relationships"],
    ],
    [
      { relationships: { moon: {} } },
      [
        "Relationships Unknown field(s): 'moon'",
        `Relationships Space can't be blank, ${structure}`,
      ],
    ],
    [
      { relationships: {}, zebra: 1, name: 3, metadata: 5 },
      [
        "Metadata must be an object",
        "Unknown field(s): 'zebra'",
        "Relationships 'relationships' must include one or more valid relationships",
        "Name must be a string",
      ],
    ],
    [{ relationships: { space: "guid" } }, [structure]],
    [{ relationships: { space: { data: {} } } }, [structure]],
    [to(5), [`Relationships Space guid must be a string, ${guidLength}`]],
    [to(""), [guidLength]],
    [to("x".repeat(201)), [guidLength]],
    [{ metadata: "x" }, ["Metadata must be an object"]],
    [{ metadata: { tags: 1, x: 2 } }, ["Metadata has unexpected field(s): 'tags' 'x'"]],
    [{ metadata: { labels: "x" } }, ["Metadata 'labels' is not an object"]],
  ];
  for (const [body, errors] of cases) {
    assert.deepEqual(checkMessage(schema, body), { ok: false, errors }, JSON.stringify(body));
  }
});

test("relationships that a message has not are a field that it does not know", () => {
  const checked = checkMessage(z.strictObject({ name: z.string() }), { relationships: {} });
  assert.deepEqual(checked, {
    ok: false,
    errors: ["Unknown field(s): 'relationships'", "Name must be a string"],
  });
});

test("values of metadata are texts, also where they are written as numbers or booleans", () => {
  const labels = { tier: 1, canary: true, version: "1.10", gone: null };
  const checked = checkMessage(schema, { metadata: { labels, annotations: null } });
  assert.deepEqual(checked, {
    ok: true,
    message: {
      metadata: {
        labels: { tier: "1", canary: "true", version: "1.10", gone: null },
        annotations: null,
      },
    },
  });
  const nested = checkMessage(schema, { metadata: { labels: { a: { b: 1 } } } });
  assert.deepEqual(nested, {
    ok: false,
    errors: [`Metadata label value error: '{"b":1}' contains invalid characters`],
  });
});

test("metadata keeps to Cloud Controller's rules for keys and values", () => {
  const cases: [keyof z.infer<typeof metadataSchema>, string, string | null, string | undefined][] =
    [
      ["labels", "", "x", "label key error: key cannot be empty string"],
      ["labels", "a/b/c", "x", "label key error: key has more than one '/'"],
      ["labels", "/b", "x", "label key error: prefix '' must be in valid dns format"],
      ["labels", "nodots/b", "x", "label key error: prefix 'nodots' must be in valid dns format"],
      ["labels", "a.example/", "x", "label key error: key cannot be empty string"],
      [
        "labels",
        `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.example.org/x`,
        "x",
        "label key error: prefix 'aaaaaaaa...' is greater than 253 characters",
      ],
      [
        "labels",
        "CloudFoundry.org/x",
        "x",
        "label key error: prefix 'cloudfoundry.org' is reserved",
      ],
      ["labels", "sp ace", "x", "label key error: 'sp ace' contains invalid characters"],
      ["labels", "-a", "x", "label key error: '-a' starts or ends with invalid characters"],
      [
        "labels",
        "k".repeat(64),
        "x",
        "label key error: 'kkkkkkkk...' is greater than 63 characters",
      ],
      ["labels", "k".repeat(63), "v".repeat(63), undefined],
      [
        "labels",
        "k",
        "v".repeat(64),
        "label value error: 'vvvvvvvv...' is greater than 63 characters",
      ],
      ["labels", "k", "ü", "label value error: 'ü' contains invalid characters"],
      ["labels", "k", "", undefined],
      ["labels", "k", null, undefined],
      ["annotations", "a b", "x", "annotation key error: 'a b' contains invalid characters"],
      ["annotations", "a b", null, undefined],
      ["annotations", "a", "v".repeat(5000), undefined],
      [
        "annotations",
        "a",
        "v".repeat(5001),
        "annotation value error: 'vvvvvvvv...' is greater than 5000 characters",
      ],
    ];
  for (const [kind, key, value, fault] of cases) {
    const checked = checkMessage(schema, { metadata: { [kind]: { [key]: value } } });
    const errors = fault === undefined ? [] : [`Metadata ${fault}`];
    assert.deepEqual(checked.ok ? [] : checked.errors, errors, `${kind} ${key.slice(0, 70)}`);
  }
});
