import { sql, type SelectQueryBuilder, type Selectable } from "kysely";
import { isNamed, nameKey } from "../database/name-key.ts";
import type { Database, Schema } from "../database/schema.ts";
import { badQuery } from "../http/cf-errors.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { presentUser } from "./user-presenter.ts";
import type { UserTable } from "./user-table.ts";

export function parseUserQuery(query: unknown): ListQuery {
  const list = parseListQuery(query, {
    filters: ["usernames", "partial_usernames", "origins"],
    labels: true,
  });
  const { usernames, partial_usernames: partial, origins } = list.filters;
  if (origins !== undefined && usernames === undefined && partial === undefined) {
    throw badQuery(
      "Origins filter cannot be provided without usernames or partial_usernames filter.",
    );
  }
  if (usernames !== undefined && partial !== undefined) {
    throw badQuery(
      "Usernames filter cannot be provided with both usernames and partial_usernames filter.",
    );
  }
  return list;
}

/** A page of `users`, with the filters by name. Names compare as in UAA, without regard to case. */
export async function listUsers(
  { db, links }: { readonly db: Database; readonly links: Links },
  users: SelectQueryBuilder<Schema, "users", Selectable<UserTable>>,
  { list, path }: { readonly list: ListQuery; readonly path: string },
) {
  let query = users;
  const { usernames, partial_usernames: partial, origins } = list.filters;
  // Clients have no name, which is not an empty one.
  if (usernames !== undefined || partial !== undefined) {
    query = query.where("users.username", "is not", null);
  }
  if (usernames !== undefined) {
    query = query.where(isNamed("users.usernameKey", usernames));
  }
  if (partial !== undefined) {
    const patterns = partial.map(
      (part) => `%${nameKey(part).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`,
    );
    const likes = patterns.map(
      (pattern) => sql<boolean>`users.username_key like ${pattern} escape '\\'`,
    );
    query = query.where(sql<boolean>`(${sql.join(likes, sql` or `)})`);
  }
  if (origins !== undefined) query = query.where(isOneOf(sql.ref("users.origin"), origins));
  const page = await fetchPage(query, list, "users", "user");
  const guids = page.rows.map(({ guid }) => guid);
  const metadata = await loadMetadata(db, "user", guids);
  const resources = page.rows.map((row) =>
    presentUser(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
  );
  return presentPage({ links, path, list, total: page.total, resources });
}
