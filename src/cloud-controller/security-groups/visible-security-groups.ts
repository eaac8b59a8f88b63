import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Links } from "../http/links.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import { presentSecurityGroup } from "./security-group-presenter.ts";
import type { SecurityGroup } from "./security-group-table.ts";

interface Reader {
  readonly db: Database;
  readonly links: Links;
  readonly permissions: Permissions;
}

/** Those that hold everywhere and those bound to a space that the caller may see; global readers see all. */
export function visibleSecurityGroups({ db, permissions }: Reader, auth: AuthContext) {
  const query = db.selectFrom("securityGroups").selectAll("securityGroups");
  const spaces = permissions.spaces(auth, "space.read");
  if (spaces === undefined) return query;
  return query.where((eb) =>
    eb.or([
      eb("securityGroups.runningDefault", "=", 1),
      eb("securityGroups.stagingDefault", "=", 1),
      eb(
        "securityGroups.guid",
        "in",
        eb
          .selectFrom("securityGroupBindings as bound")
          .select("bound.securityGroupGuid")
          .where("bound.spaceGuid", "in", spaces),
      ),
    ]),
  );
}

export async function findVisibleSecurityGroup(
  reader: Reader,
  auth: AuthContext,
  guid: string,
): Promise<SecurityGroup> {
  const group = await visibleSecurityGroups(reader, auth)
    .where("securityGroups.guid", "=", guid)
    .executeTakeFirst();
  if (group === undefined) throw notFound("Security group");
  return group;
}

/** Groups with the spaces that they are bound to: all that the caller may see, or this one alone. */
export async function presentSecurityGroups(
  { db, links, permissions }: Reader,
  auth: AuthContext,
  { groups, onlySpace }: { readonly groups: readonly SecurityGroup[]; readonly onlySpace?: string },
) {
  const visible = permissions.spaces(auth, "space.read");
  let query = db
    .selectFrom("securityGroupBindings as bound")
    .innerJoin("spaces", "spaces.guid", "bound.spaceGuid")
    .select(["bound.securityGroupGuid", "bound.spaceGuid", "bound.phase"])
    .where(
      isOneOf(
        sql.ref("bound.security_group_guid"),
        groups.map(({ guid }) => guid),
      ),
    )
    .orderBy("spaces.id");
  if (visible !== undefined) query = query.where("bound.spaceGuid", "in", visible);
  if (onlySpace !== undefined) query = query.where("bound.spaceGuid", "=", onlySpace);
  const byGroup = Map.groupBy(await query.execute(), (row) => row.securityGroupGuid);
  return groups.map((group) => {
    const bound = byGroup.get(group.guid) ?? [];
    const of = (phase: string) =>
      bound.filter((row) => row.phase === phase).map((row) => row.spaceGuid);
    const spaces = { running: of("running"), staging: of("staging") };
    return presentSecurityGroup(group, { links, spaces });
  });
}
