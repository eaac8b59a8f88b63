import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import { loadMetadataOf, noMetadata } from "../metadata/metadata.ts";
import { presentOrganization } from "../organizations/organization-presenter.ts";
import { presentSpace } from "./space-presenter.ts";

/**
 * For `include=space` and `include=space.organization` of resources that live in spaces. Nothing waits for the answer to
 * another question: all are about the spaces given.
 */
export async function includedSpaces(
  db: Database,
  links: Links,
  request: { readonly include: readonly string[]; readonly spaceGuids: readonly string[] },
): Promise<Record<string, unknown>> {
  const wantsOrganizations = request.include.some((value) => /^(space\.)?org/.test(value));
  const wantsSpaces = wantsOrganizations || request.include.includes("space");
  if (!wantsSpaces) return {};
  const guids = [...new Set(request.spaceGuids)];
  const owners = db
    .selectFrom("spaces as place")
    .select("place.organizationGuid")
    .where(isOneOf(sql.ref("place.guid"), guids));
  const [spaces, organizations, metadataOf] = await Promise.all([
    db
      .selectFrom("spaces")
      .selectAll()
      .where(isOneOf(sql.ref("spaces.guid"), guids))
      .orderBy("id")
      .execute(),
    wantsOrganizations
      ? db
          .selectFrom("organizations")
          .selectAll()
          .where("guid", "in", owners)
          .orderBy("id")
          .execute()
      : undefined,
    loadMetadataOf(db, [
      { type: "space", guids },
      ...(wantsOrganizations ? [{ type: "organization", guids: owners } as const] : []),
    ]),
  ]);
  const ofSpaces = metadataOf("space");
  const ofOrganizations = metadataOf("organization");
  return {
    spaces: spaces.map((row) =>
      presentSpace(row, { links, metadata: ofSpaces.get(row.guid) ?? noMetadata }),
    ),
    ...(organizations === undefined
      ? {}
      : {
          organizations: organizations.map((row) =>
            presentOrganization(row, {
              links,
              metadata: ofOrganizations.get(row.guid) ?? noMetadata,
            }),
          ),
        }),
  };
}
