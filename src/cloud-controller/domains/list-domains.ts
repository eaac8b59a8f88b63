import { sql } from "kysely";
import type { AuthContext } from "../http/auth-context.ts";
import { parseListQuery, type ListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import type { visibleDomains } from "./find-domain.ts";
import { presentDomains, type DomainPresentation } from "./present-domains.ts";

export function parseDomainsQuery(query: unknown): ListQuery {
  return parseListQuery(query, { filters: ["names", "organization_guids"], labels: true });
}

/** A page of the domains of `among` that `list` asks for. */
export async function listDomains(
  dependencies: DomainPresentation,
  auth: AuthContext,
  wanted: {
    readonly path: string;
    readonly list: ListQuery;
    readonly among: ReturnType<typeof visibleDomains>;
  },
) {
  const { path, list } = wanted;
  const { names, organization_guids: organizations } = list.filters;
  let query = wanted.among;
  if (names !== undefined) query = query.where(isOneOf(sql.ref("domains.name"), names));
  if (organizations !== undefined) {
    query = query.where(isOneOf(sql.ref("domains.organizationGuid"), organizations));
  }
  const page = await fetchPage(query, list, "domains", "domain");
  return presentPage({
    links: dependencies.links,
    path,
    list,
    total: page.total,
    resources: await presentDomains(dependencies, auth, page.rows),
  });
}
