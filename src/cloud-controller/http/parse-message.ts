import { z } from "zod";
import { CfError, unprocessable } from "./cf-errors.ts";

/**
 * Checks a request's body against its message, in Cloud Controller's words: unknown keys are refused, and all that is
 * wrong becomes one 422 whose detail is the texts joined by ", ".
 *
 * A schema's own error text may be a whole sentence (it begins with a capital) or a predicate ("must be a string"),
 * which then follows the attribute's name: "Lifecycle Buildpacks can only contain strings".
 */
export function parseMessage<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.output<Schema> {
  const result = checkMessage(schema, body);
  if (!result.ok) throw unprocessable(result.errors.join(", "));
  return result.message;
}

export type Checked<Message> =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly errors: readonly string[] };

/** As `parseMessage`, for callers that put the texts together themselves (manifests). */
export function checkMessage<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): Checked<z.output<Schema>> {
  // Bytes that were sent as what this endpoint does not read, a manifest for example.
  if (body instanceof Uint8Array) throw new CfError("MessageParseError");
  const nul = findNul(body, 0);
  if (nul !== undefined) return { ok: false, errors: [nul] };
  const result = schema.safeParse(body, { error: predicateOf });
  if (result.success) return { ok: true, message: result.data };
  const issues = result.error.issues
    .filter(
      (issue, index, all) => all.findLastIndex((other) => isSameLimit(issue, other)) === index,
    )
    .toSorted(compareIssues);
  if (!hasNoRelationships(body, issues)) {
    return { ok: false, errors: [...new Set(issues.map(sentenceOf))] };
  }
  const others = issues.filter(({ path }) => path[0] !== "relationships");
  const first = others.filter((issue) => rank(issue) < 2);
  const sentences = [
    ...first.map(sentenceOf),
    "Relationships 'relationships' must include one or more valid relationships",
    ...others.slice(first.length).map(sentenceOf),
  ];
  return { ok: false, errors: [...new Set(sentences)] };
}

/** Unknown fields of one attribute stand before its other faults; the attributes stay in the schema's order. */
function compareIssues(a: z.core.$ZodIssue, b: z.core.$ZodIssue): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0 || a.path[0] !== b.path[0]) return difference;
  return Number(isUnknownField(b)) - Number(isUnknownField(a));
}

/** Cloud Controller looks at metadata first, then for unknown fields, then at each attribute. */
function rank(issue: z.core.$ZodIssue): number {
  if (issue.path[0] === "metadata") return 0;
  return isUnknownField(issue) && isTopOrRelationships(issue.path) ? 1 : 2;
}

function isUnknownField(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys";
}

function isTopOrRelationships(path: readonly PropertyKey[]): boolean {
  return path.length === 0 || (path.length === 1 && path[0] === "relationships");
}

/** An integer beyond what a number holds breaks that limit and our own; the latter, told last, says more. */
function isSameLimit(a: z.core.$ZodIssue, b: z.core.$ZodIssue): boolean {
  return (
    a === b || (a.code === "too_big" && b.code === "too_big" && String(a.path) === String(b.path))
  );
}

const emptyRelationships = z.object({ relationships: z.strictObject({}) });

/** Only of a message that may have some: to another they are a field that it does not know. */
function hasNoRelationships(body: unknown, issues: readonly z.core.$ZodIssue[]): boolean {
  const isUnknown = issues.some(
    (issue) => issue.code === "unrecognized_keys" && issue.keys.includes("relationships"),
  );
  return !isUnknown && emptyRelationships.safeParse(body).success;
}

/** A text of several lines is several predicates of one attribute. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  const isSentence = /^[A-Z"]/.test(issue.message) && !issue.message.startsWith("Unknown field(s)");
  const attribute = humanise(issue.path);
  if (isSentence || attribute === "") return issue.message;
  return issue.message
    .split("\n")
    .map((predicate) => `${attribute} ${predicate}`)
    .join(", ");
}

function predicateOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      return `Unknown field(s): ${issue.keys.map((key) => `'${key}'`).join(", ")}`;
    case "invalid_type":
      return typeof issue.input === "number" && issue.expected === "int"
        ? "must be an integer"
        : typePredicate(issue.expected);
    case "too_big":
      return issue.origin === "string"
        ? `is too long (maximum is ${issue.maximum} characters)`
        : `must be less than or equal to ${issue.maximum}`;
    case "too_small":
      return issue.origin === "string"
        ? `is too short (minimum is ${issue.minimum} character)`
        : `must be greater than or equal to ${issue.minimum}`;
    case "invalid_value":
      return `must be one of '${issue.values.map(String).join(", ")}'`;
    case "custom":
    case "invalid_element":
    case "invalid_format":
    case "invalid_key":
    case "invalid_union":
    case "not_multiple_of":
      return "is invalid";
  }
}

function typePredicate(expected: string): string {
  switch (expected) {
    case "int":
    case "number":
      return "is not a number";
    case "boolean":
      return "must be a boolean";
    case "array":
      return "must be an array";
    case "object":
    case "record":
      return "must be an object";
    // What zod calls a field that is not there, where what it should be is not said.
    case "nonoptional":
      return "can't be blank";
    default:
      return `must be a ${expected}`;
  }
}

/** `["lifecycle", "data", "buildpacks", 0]` -> "Lifecycle Buildpacks", as Rails names nested attributes. */
function humanise(path: readonly PropertyKey[]): string {
  const isRelationship = path.includes("data");
  return path
    .filter((part): part is string => typeof part === "string" && part !== "data")
    .filter((part) => part !== "guid" || !isRelationship)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1).replaceAll("_", " "))
    .join(" ");
}

/** A NUL character is no text in PostgreSQL and ends one in SQLite. Depth is bounded by the body parser. */
function findNul(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") {
    return value.includes("\u0000") ? "The request must not contain NUL characters" : undefined;
  }
  if (typeof value !== "object" || value === null || depth > 64) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findNul(key, depth + 1) ?? findNul(item, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const guidLength = "guid must be between 1 and 200 characters";

/** A to-one relationship of a body: `{"data": {"guid": "..."}}`. */
export function toOneRelationship(name: string) {
  const structure = `must be structured like this: "${name}: {"data": {"guid": "valid-guid"}}"`;
  const guid = z
    .string({
      error: ({ input }) =>
        input === undefined ? structure : `guid must be a string\n${guidLength}`,
    })
    .min(1, { error: guidLength })
    .max(200, { error: guidLength });
  return z.strictObject(
    { data: z.strictObject({ guid }, { error: structure }) },
    {
      error: ({ input }) => ((input ?? null) === null ? `can't be blank\n${structure}` : structure),
    },
  );
}

/** The `relationships` of a body. */
export function relationshipsOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys" ? undefined : "'relationships' is not an object",
  });
}

/** A to-many relationship of a body: `{"data": [{"guid": "..."}]}`. */
export function toManyRelationship(name: string) {
  const error = `must be structured like this: "${name}: {"data": [{"guid": "valid-guid"},{"guid": "valid-guid"}]}"`;
  return z.strictObject(
    {
      data: z.array(z.strictObject({ guid: z.string({ error }).min(1).max(200) }, { error }), {
        error,
      }),
    },
    { error },
  );
}

/** The largest integer of Cloud Controller's columns. */
export const maximumInteger = 2 ** 31 - 1;
