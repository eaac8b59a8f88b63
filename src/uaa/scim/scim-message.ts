import { z } from "zod";
import { UaaError } from "../uaa-error.ts";
import { parseFilter, type FilterColumns, type FilterExpression } from "./filter-expression.ts";

/** @throws UaaError `invalid_scim_resource` */
export function parseScim<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UaaError("invalid_scim_resource", z.prettifyError(result.error));
}

/** UAA's most; a larger `count` gets that many. */
const maxPageSize = 500;

const listQuery = z.object({
  filter: z.string().max(1_024).optional(),
  attributes: z.string().max(1_024).optional(),
  sortBy: z.string().max(64).optional(),
  sortOrder: z.string().max(16).optional(),
  startIndex: z.coerce.number().int().default(1),
  count: z.coerce.number().int().min(0).default(100),
});

/** A page of a SCIM list. */
export interface ListQuery {
  readonly filter: FilterExpression | undefined;
  /** The top-level attributes asked for; undefined for all. */
  readonly attributes: readonly string[] | undefined;
  readonly sortBy: string | undefined;
  readonly descending: boolean;
  readonly startIndex: number;
  readonly offset: number;
  readonly limit: number;
}

/** @throws UaaError `scim`, `invalid_scim_resource` */
export function readListQuery(query: unknown, columns: FilterColumns): ListQuery {
  const given = parseScim(listQuery, query);
  const startIndex = Math.max(1, given.startIndex);
  return {
    filter: given.filter === undefined ? undefined : parseFilter(given.filter, columns),
    attributes: given.attributes?.split(",").map((name) => name.trim().toLowerCase()),
    sortBy: given.sortBy,
    descending: given.sortOrder === "descending",
    startIndex,
    offset: startIndex - 1,
    limit: Math.min(maxPageSize, given.count),
  };
}

export function presentList(
  resources: readonly object[],
  list: { readonly query: ListQuery; readonly total: number },
): object {
  const { attributes, startIndex, limit } = list.query;
  return {
    resources:
      attributes === undefined
        ? resources
        : resources.map((resource) => withAttributes(resource, attributes)),
    startIndex,
    itemsPerPage: limit,
    totalResults: list.total,
    schemas: ["urn:scim:schemas:core:1.0"],
  };
}

function withAttributes(resource: object, attributes: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => attributes.includes(name.toLowerCase())),
  );
}

/**
 * The version that a change is based on, by `If-Match`, which UAA demands for `PUT` and `PATCH`; `*` is any.
 * @throws UaaError `scim`
 */
export function requireVersion(header: string | undefined, current: number): void {
  if (header === undefined) throw new UaaError("scim", "Missing If-Match for PUT");
  const text = header.replace(/^"(.*)"$/, "$1");
  if (text === "*" || text === String(current)) return;
  if (!/^\d{1,15}$/.test(text)) {
    throw new UaaError(
      "scim",
      `Invalid version match header (should be a version number): ${header.slice(0, 64)}`,
    );
  }
  throw staleVersion();
}

export function staleVersion(): UaaError {
  return new UaaError(
    "scim_resource_conflict",
    "It has been changed in the meantime: read it anew",
  );
}
