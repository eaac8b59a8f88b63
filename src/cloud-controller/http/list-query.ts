import { badQuery } from "./cf-errors.ts";
import { parseLabelSelector, type LabelRequirement } from "./label-selector.ts";
import { parseTimestampFilter, type TimestampFilter } from "./timestamp-filter.ts";

/** What a list endpoint takes beyond `page`, `per_page`, `order_by`, `guids`, `created_ats` and `updated_ats`. */
export interface ListSpec {
  /** Comma-separated filters; no text names those that have an operator (`target_guids[not]`). */
  readonly filters: readonly string[];
  /** Query key to the column it orders by. */
  readonly orderBy?: Readonly<Record<string, string>>;
  /** As `orderBy`, where the times are no order. */
  readonly orderOnlyBy?: Readonly<Record<string, string>>;
  /** A filter by time that is known and refused. */
  readonly refusedTimes?: "created_ats" | "updated_ats";
  readonly labels?: boolean;
  /** How many a page has where one of these filters is given and `per_page` is not, instead of 50. */
  readonly narrowed?: { readonly by: readonly string[]; readonly perPage: number };
  /** Values that `include` may have. */
  readonly include?: readonly string[];
  /** Values that `embed` may have. */
  readonly embed?: readonly string[];
  /** What `fields[resource]` may name of a resource, for endpoints that take it. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** Further keys, of one value each, that the caller reads itself from `raw`. */
  readonly extra?: readonly string[];
  /** What the caller says of its `extra`: a whole sentence for what is wrong with one. */
  readonly check?: (raw: Readonly<Record<string, string>>) => string | undefined;
}

export interface ListQuery {
  readonly page: number;
  readonly perPage: number;
  readonly order:
    | { readonly key: string; readonly column: string; readonly descending: boolean }
    | undefined;
  /** Only the filters that were given. An empty value gives `[""]`: "equals the empty string". */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  /** All must hold. */
  readonly createdAts: readonly TimestampFilter[];
  readonly updatedAts: readonly TimestampFilter[];
  readonly labels: readonly LabelRequirement[];
  readonly include: readonly string[];
  readonly embed: readonly string[];
  /** As given, for the links of the pages. */
  readonly raw: Readonly<Record<string, string>>;
}

type Report = (fault: string) => void;

const timestampKey = /^(created|updated)_ats(?:\[([^\]]*)\])?$/;
const fieldsKey = /^fields\[([^\]]*)\]$/;
const defaultOrder = { created_at: "createdAt", updated_at: "updatedAt" };

/**
 * Reads the query of a list. All that is wrong becomes one 400 whose detail is the texts joined by ", ", in the order
 * in which Cloud Controller looks.
 */
export function parseListQuery(query: unknown, spec: ListSpec): ListQuery {
  const faults: string[] = [];
  const report: Report = (fault) => faults.push(fault);
  const raw = singleValues(query);
  const filterKeys = ["guids", ...spec.filters];
  const known = [
    "page",
    "per_page",
    "order_by",
    "created_ats",
    "updated_ats",
    ...filterKeys,
    ...(spec.include === undefined ? [] : ["include"]),
    ...(spec.embed === undefined ? [] : ["embed"]),
    ...(spec.extra ?? []),
    ...(spec.fields === undefined ? [] : ["fields"]),
    ...(spec.labels === true ? ["label_selector"] : []),
  ];
  const page = parsePage(raw["page"], report);
  const perPage = parsePerPage(raw["per_page"], report) ?? defaultPerPage(raw, spec);
  const orders = spec.orderOnlyBy ?? { ...defaultOrder, ...spec.orderBy };
  const order = parseOrder(raw["order_by"], orders, report);
  const createdAts = timestampsOf(raw, "created", report);
  const updatedAts = timestampsOf(raw, "updated", report);
  const selector = spec.labels === true ? raw["label_selector"] : undefined;
  const labels = selector === undefined ? [] : parseLabelSelector(selector, report);
  reportUnknown(Object.keys(raw), known, report);
  if (Object.keys(raw).some((key) => parameterOf(key) === spec.refusedTimes)) {
    report(`Filtering by '${spec.refusedTimes}' is not allowed on this resource.`);
  }
  const include = parseRelated(raw["include"], spec.include, { adjective: "included", report });
  const embed = parseRelated(raw["embed"], spec.embed, { adjective: "embedded", report });
  reportFields(raw, spec.fields ?? {}, report);
  const own = spec.check?.(raw);
  if (own !== undefined) report(own);
  if (faults.length > 0) throw badQuery(faults.join(", "));
  const filters = Object.fromEntries(
    filterKeys.flatMap((key) => {
      const value = raw[key];
      return value === undefined ? [] : [[key, splitValues(value)]];
    }),
  );
  return { page, perPage, order, filters, createdAts, updatedAts, labels, include, embed, raw };
}

/** For endpoints that show one resource: `include` and `embed` are all they take. */
export function parseShowQuery(
  query: unknown,
  spec: Pick<ListSpec, "include" | "embed" | "extra">,
): Pick<ListQuery, "include" | "embed"> {
  const faults: string[] = [];
  const report: Report = (fault) => faults.push(fault);
  const raw = singleValues(query);
  const known = [
    ...(spec.extra ?? []),
    ...(spec.include === undefined ? [] : ["include"]),
    ...(spec.embed === undefined ? [] : ["embed"]),
  ];
  reportUnknown(Object.keys(raw), known, report);
  const include = parseRelated(raw["include"], spec.include, { adjective: "included", report });
  const embed = parseRelated(raw["embed"], spec.embed, { adjective: "embedded", report });
  if (faults.length > 0) throw badQuery(faults.join(", "));
  return { include, embed };
}

/** For endpoints that are no lists: the keys they know, each once. */
export function parseQuery(
  query: unknown,
  known: readonly string[],
): Readonly<Record<string, string>> {
  const raw = singleValues(query);
  reportUnknown(Object.keys(raw), known, (fault) => {
    throw badQuery(fault);
  });
  return raw;
}

function parseRelated(
  value: string | undefined,
  known: readonly string[] | undefined,
  { adjective, report }: { readonly adjective: "included" | "embedded"; readonly report: Report },
): readonly string[] {
  if (value === undefined || known === undefined) return [];
  const values = splitValues(value);
  const seen = new Map<string, number>();
  for (const item of values) {
    const count = (seen.get(item) ?? 0) + 1;
    seen.set(item, count);
    if (!known.includes(item)) {
      const valid = known.map((name) => `'${name}'`).join(", ");
      report(
        `Invalid ${adjective} resource: '${item}'. Valid ${adjective} resources are: ${valid}`,
      );
    } else if (count === 2) report(`Duplicate ${adjective} resource: '${item}'`);
  }
  return values;
}

/** Of a key that is given several times the last value counts. */
export function singleValues(query: unknown): Record<string, string> {
  const values: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(query ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    const text = typeof last === "string" ? last : "";
    if (text.includes("\u0000")) throw badQuery(`${key} must not contain NUL characters`);
    values[key] = text;
  }
  return values;
}

function reportUnknown(given: readonly string[], known: readonly string[], report: Report): void {
  const unknown = given.filter((key) => !known.includes(parameterOf(key)));
  if (unknown.length > 0) {
    const quoted = (keys: readonly string[]) => keys.map((key) => `'${key}'`).join(", ");
    const valid = known.filter((key) => !key.includes("["));
    report(
      `Unknown query parameter(s): ${quoted(unknown)}. Valid parameters are: ${quoted(valid)}`,
    );
  }
}

/** `created_ats[lt]` is the parameter `created_ats`, `fields[space]` is `fields`. */
function parameterOf(key: string): string {
  const kind = timestampKey.exec(key)?.[1];
  if (kind !== undefined) return `${kind}_ats`;
  return fieldsKey.test(key) ? "fields" : key;
}

function reportFields(
  raw: Readonly<Record<string, string>>,
  allowed: Readonly<Record<string, readonly string[]>>,
  report: Report,
): void {
  const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(", ");
  for (const [key, text] of Object.entries(raw)) {
    const resource = fieldsKey.exec(key)?.[1];
    if (resource === undefined) continue;
    const known = Object.hasOwn(allowed, resource) ? allowed[resource] : undefined;
    if (known === undefined) {
      report(`Fields [${resource}] valid resources are: ${quoted(Object.keys(allowed))}`);
    } else if (!splitValues(text).every((name) => known.includes(name))) {
      report(`Fields valid keys for '${resource}' are: ${quoted(known)}`);
    }
  }
}

const wholeNumber = /^\d{1,15}$/;

function parsePage(text: string | undefined, report: Report): number {
  if (text === undefined || text === "") return 1;
  if (wholeNumber.test(text) && Number(text) > 0) return Number(text);
  report("Page must be a positive integer");
  return 1;
}

function defaultPerPage(raw: Readonly<Record<string, string>>, { narrowed }: ListSpec): number {
  const isNarrowed = narrowed?.by.some((filter) => (raw[filter] ?? "") !== "") === true;
  return isNarrowed ? narrowed.perPage : 50;
}

function parsePerPage(text: string | undefined, report: Report): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1) report("Per page must be a positive integer");
  else if (value > 5000) report("Per page must be between 1 and 5000");
  return value;
}

function parseOrder(
  text: string | undefined,
  columns: Readonly<Record<string, string>>,
  report: Report,
): ListQuery["order"] {
  if (text === undefined || text === "") return undefined;
  // A "+" that was not percent-encoded arrives as a blank.
  const key = text.replace(/^[+\- ]/, "");
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (column !== undefined) return { key, column, descending: text.startsWith("-") };
  const known = Object.keys(columns).map((name) => `'${name}'`);
  report(`Order by can only be: ${known.join(", ")}`);
  return undefined;
}

/** Values are split at commas first; a comma inside a value arrives as %2C and is decoded after. */
function splitValues(text: string): readonly string[] {
  return text.split(/,\s*/).map((item) => {
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
  report: Report,
): readonly TimestampFilter[] {
  const name = kind === "created" ? "Created ats" : "Updated ats";
  return Object.entries(raw).flatMap(([key, text]) => {
    const match = timestampKey.exec(key);
    if (match?.[1] !== kind) return [];
    const filter = parseTimestampFilter(match[2], text, (fault) => report(`${name} ${fault}`));
    return filter === undefined ? [] : [filter];
  });
}
