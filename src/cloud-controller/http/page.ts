import { sql, type SelectQueryBuilder } from "kysely";
import type { Schema } from "../database/schema.ts";
import type { MetadataOwner } from "../metadata/metadata-table.ts";
import { cgiEscape } from "./cgi-escape.ts";
import type { LabelRequirement } from "./label-selector.ts";
import type { Link, Links } from "./links.ts";
import type { ListQuery } from "./list-query.ts";

type Total = (count?: () => Promise<number>) => Promise<number>;

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/**
 * Runs a list: `guids`, `created_ats`, `updated_ats` and `label_selector`, the order, the page, and the count of all,
 * which is asked for only where the page does not tell it. `table` is the one that the query selects from. Without an
 * order the oldest comes first; ties of a given order are broken by guid, in its direction.
 */
export async function fetchPage<Table extends keyof Schema, Row>(
  query: SelectQueryBuilder<Schema, Table, Row>,
  list: ListQuery,
  table: Table,
  owner?: MetadataOwner,
): Promise<Page<Row>> {
  const { rows, total } = await fetchRows(query, list, table, owner);
  return { rows, total: await total() };
}

/**
 * As `fetchPage`, for who has more to ask about the rows: `total` asks for the count, and can be asked beside that. Who has a
 * cheaper way to count what the query finds gives it.
 */
export async function fetchRows<Table extends keyof Schema, Row>(
  query: SelectQueryBuilder<Schema, Table, Row>,
  list: ListQuery,
  table: Table,
  owner?: MetadataOwner,
): Promise<{ readonly rows: readonly Row[]; readonly total: Total }> {
  const filtered = applyCommonFilters(query, list, { table, owner });
  const direction = list.order?.descending === true ? sql`desc` : sql`asc`;
  const ordered =
    list.order === undefined
      ? filtered
      : filtered.orderBy(sql`${sql.ref(`${table}.${list.order.column}`)} ${direction}`);
  const last = list.order === undefined ? "id" : "guid";
  const offset = (list.page - 1) * list.perPage;
  // One row more than the page has tells whether it is the last one.
  const rows = await ordered
    .orderBy(sql`${sql.ref(`${table}.${last}`)} ${direction}`)
    .limit(list.perPage + 1)
    .offset(offset)
    .execute();
  const isLast = rows.length <= list.perPage && (rows.length > 0 || offset === 0);
  if (isLast) return { rows, total: async () => offset + rows.length };
  const total: Total = async (count) => {
    if (count !== undefined) return await count();
    const counted = await filtered
      .clearSelect()
      .clearOrderBy()
      .select(sql<number>`count(*)`.as("total"))
      .executeTakeFirstOrThrow();
    return counted.total;
  };
  return { rows: rows.slice(0, list.perPage), total };
}

function applyCommonFilters<Table extends keyof Schema, Row>(
  query: SelectQueryBuilder<Schema, Table, Row>,
  list: ListQuery,
  target: { readonly table: Table; readonly owner: MetadataOwner | undefined },
): SelectQueryBuilder<Schema, Table, Row> {
  const column = (name: string) => sql.ref(`${target.table}.${name}`);
  let filtered = query;
  const guids = list.filters["guids"];
  if (guids !== undefined) filtered = filtered.where(isOneOf(column("guid"), guids));
  for (const [name, filter] of [
    ...list.createdAts.map((filter) => ["createdAt", filter] as const),
    ...list.updatedAts.map((filter) => ["updatedAt", filter] as const),
  ]) {
    filtered = filtered.where(
      filter.kind === "compare"
        ? sql<boolean>`${column(name)} ${sql.raw(filter.operator)} ${filter.instant}`
        : sql<boolean>`(${sql.join(
            filter.seconds.map(
              (second) => sql`${column(name)} between ${second.from} and ${second.to}`,
            ),
            sql` or `,
          )})`,
    );
  }
  if (target.owner === undefined) return filtered;
  for (const requirement of list.labels) {
    filtered = filtered.where(labelCondition(column("guid"), target.owner, requirement));
  }
  return filtered;
}

function labelCondition(guid: unknown, owner: MetadataOwner, requirement: LabelRequirement) {
  const labelled = sql`${guid} in (select resource_guid from metadata
    where resource_type = ${owner} and kind = 'label' and key = ${requirement.key}`;
  switch (requirement.kind) {
    case "exists":
      return sql<boolean>`${labelled})`;
    case "absent":
      return sql<boolean>`not (${labelled}))`;
    case "in":
      return sql<boolean>`${labelled} and value in (${sql.join(requirement.values)}))`;
    case "not-in":
      return sql<boolean>`not (${labelled} and value in (${sql.join(requirement.values)})))`;
  }
}

/** A condition for a filter's values; binds one parameter however many there are. */
export function isOneOf(column: unknown, values: readonly string[]) {
  const [first] = values;
  // Most lists are of one: then PostgreSQL knows how many rows there are instead of assuming 50 values.
  if (values.length === 1) return sql<boolean>`${column} = ${first}`;
  return sql<boolean>`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}

export interface PresentedPage {
  readonly pagination: {
    readonly total_results: number;
    readonly total_pages: number;
    readonly first: Link;
    readonly last: Link;
    readonly next: Link | null;
    readonly previous: Link | null;
  };
  readonly resources: readonly unknown[];
}

/** The document of a list: its links repeat the filters, keys sorted, `page` and `per_page` where they belong. */
export function presentPage(
  options: PageLinks & { readonly resources: readonly unknown[] },
): PresentedPage {
  return { pagination: presentPagination(options), resources: options.resources };
}

interface PageLinks {
  readonly links: Links;
  readonly path: string;
  readonly list: ListQuery;
  readonly total: number;
}

export function presentPagination({
  links,
  path,
  list,
  total,
}: PageLinks): PresentedPage["pagination"] {
  const pages = Math.max(1, Math.ceil(total / list.perPage));
  const linkTo = (page: number) => links.to(`${path}?${queryOf(list, page)}`);
  return {
    total_results: total,
    total_pages: pages,
    first: linkTo(1),
    last: linkTo(pages),
    next: list.page < pages ? linkTo(list.page + 1) : null,
    previous: list.page > 1 ? linkTo(Math.min(list.page - 1, pages)) : null,
  };
}

function queryOf(list: ListQuery, page: number): string {
  const { page: _page, per_page: _perPage, order_by: _orderBy, ...filters } = list.raw;
  const pairs: [string, string][] = [
    ...Object.entries(filters),
    ["page", String(page)],
    ["per_page", String(list.perPage)],
  ];
  if (list.order !== undefined) {
    pairs.push(["order_by", `${list.order.descending ? "-" : "+"}${list.order.key}`]);
  }
  return pairs
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${cgiEscape(key)}=${cgiEscape(value)}`)
    .join("&");
}
