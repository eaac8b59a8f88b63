import { badQuery } from "./cf-errors.ts";
import { parseLabelSelector, type LabelRequirement } from "./label-selector.ts";
import { parseTimestampFilter, type TimestampFilter } from "./timestamp-filter.ts";

/** What a list endpoint takes beyond `page`, `per_page`, `order_by`, `guids`, `created_ats` and `updated_ats`. */
export interface ListSpec {
  /** Comma-separated filters. */
  readonly filters: readonly string[];
  /** Query key to the column it orders by. */
  readonly orderBy?: Readonly<Record<string, string>>;
  readonly labels?: boolean;
  /** Values that `include` may have. */
  readonly include?: readonly string[];
  /** Further keys that the caller reads itself from `raw`. */
  readonly extra?: readonly string[];
}

export interface ListQuery {
  readonly page: number;
  readonly perPage: number;
  readonly order:
    | { readonly key: string; readonly column: string; readonly descending: boolean }
    | undefined;
  /** Only the filters that were given. An empty value gives `[""]`: "equals the empty string". */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly createdAts: TimestampFilter | undefined;
  readonly updatedAts: TimestampFilter | undefined;
  readonly labels: readonly LabelRequirement[];
  readonly include: readonly string[];
  /** As given, for the links of the pages. */
  readonly raw: Readonly<Record<string, string>>;
}

const timestampKey = /^(created|updated)_ats(?:\[(lt|lte|gt|gte)\])?$/;
const defaultOrder = { created_at: "createdAt", updated_at: "updatedAt" };

export function parseListQuery(query: unknown, spec: ListSpec): ListQuery {
  const raw = singleValues(query);
  const filterKeys = ["guids", ...spec.filters];
  refuseUnknown(Object.keys(raw), [
    "page",
    "per_page",
    "order_by",
    "created_ats",
    "updated_ats",
    ...filterKeys,
    ...(spec.labels === true ? ["label_selector"] : []),
    ...(spec.include === undefined ? [] : ["include"]),
    ...(spec.extra ?? []),
  ]);
  return {
    page: positiveInteger(
      raw["page"],
      1,
      Number.MAX_SAFE_INTEGER,
      "Page must be a positive integer",
    ),
    perPage: positiveInteger(raw["per_page"], 50, 5000, "Per page must be between 1 and 5000"),
    order: parseOrder(raw["order_by"], { ...defaultOrder, ...spec.orderBy }),
    filters: Object.fromEntries(
      filterKeys.flatMap((key) => {
        const value = raw[key];
        return value === undefined ? [] : [[key, splitValues(value)]];
      }),
    ),
    createdAts: timestampsOf(raw, "created"),
    updatedAts: timestampsOf(raw, "updated"),
    labels: raw["label_selector"] === undefined ? [] : parseLabelSelector(raw["label_selector"]),
    include: spec.include === undefined ? [] : parseInclude(raw["include"], spec.include),
    raw,
  };
}

/** For endpoints that are no lists: the keys they know, each once. */
export function parseQuery(
  query: unknown,
  known: readonly string[],
): Readonly<Record<string, string>> {
  const raw = singleValues(query);
  refuseUnknown(Object.keys(raw), known);
  return raw;
}

function parseInclude(value: string | undefined, known: readonly string[]): readonly string[] {
  if (value === undefined) return [];
  const values = splitValues(value);
  const unknown = values.find((item) => !known.includes(item));
  if (unknown !== undefined) {
    const valid = known.map((item) => `'${item}'`).join(", ");
    throw badQuery(
      `Invalid included resource: '${unknown}'. Valid included resources are: ${valid}`,
    );
  }
  const duplicate = values.find((item, index) => values.indexOf(item) !== index);
  if (duplicate !== undefined) throw badQuery(`Duplicate included resource: '${duplicate}'`);
  return values;
}

function singleValues(query: unknown): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(query ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    const text = typeof last === "string" ? last : "";
    if (text.includes("\u0000")) throw badQuery(`${key} must not contain NUL characters`);
    values[key] = text;
  }
  return values;
}

function refuseUnknown(given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((key) => !known.includes(key) && !timestampKey.test(key));
  if (unknown.length === 0) return;
  const quoted = (keys: readonly string[]) => keys.map((key) => `'${key}'`).join(", ");
  throw badQuery(
    `Unknown query parameter(s): ${quoted(unknown)}. Valid parameters are: ${quoted(known)}`,
  );
}

function positiveInteger(
  text: string | undefined,
  fallback: number,
  maximum: number,
  message: string,
): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > maximum) throw badQuery(message);
  return value;
}

function parseOrder(
  text: string | undefined,
  columns: Readonly<Record<string, string>>,
): ListQuery["order"] {
  if (text === undefined || text === "") return undefined;
  const key = text.replace(/^[+\- ]/, "");
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (column === undefined) {
    const known = Object.keys(columns)
      .map((name) => `'${name}'`)
      .join(", ");
    throw badQuery(`Order by can only be: ${known}`);
  }
  return { key, column, descending: text.startsWith("-") };
}

/** Values are split at commas first; a comma inside a value arrives as %2C and is decoded after. */
function splitValues(text: string): readonly string[] {
  return text.split(",").map((item) => {
    try {
      return decodeURIComponent(item);
    } catch {
      return item;
    }
  });
}

function timestampsOf(
  raw: Readonly<Record<string, string>>,
  kind: "created" | "updated",
): TimestampFilter | undefined {
  const key = Object.keys(raw).find((name) => timestampKey.exec(name)?.[1] === kind);
  if (key === undefined) return undefined;
  const operator = timestampKey.exec(key)?.[2];
  const filter = parseTimestampFilter(operator, raw[key] ?? "");
  if (filter === undefined) {
    const name = kind === "created" ? "Created ats" : "Updated ats";
    throw badQuery(
      `${name} has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'`,
    );
  }
  return filter;
}
