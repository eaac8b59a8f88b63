import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { Phase } from "./security-group-table.ts";

/**
 * By space: the rules (JSON as the API shows them, one text a group) of the groups that hold there: those that hold
 * everywhere and those bound to the space.
 */
export async function rulesOfSpaces(
  db: Executor,
  phase: Phase,
  spaceGuids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const isGlobal = phase === "running" ? "runningDefault" : "stagingDefault";
  const everywhere = await db
    .selectFrom("securityGroups")
    .select("rules")
    .where(isGlobal, "=", 1)
    .orderBy("id")
    .execute();
  const bound = await db
    .selectFrom("securityGroupBindings as bound")
    .innerJoin("securityGroups", "securityGroups.guid", "bound.securityGroupGuid")
    .select(["bound.spaceGuid", "securityGroups.rules"])
    .where("bound.phase", "=", phase)
    .where(isOneOf(sql.ref("bound.space_guid"), spaceGuids))
    .where(`securityGroups.${isGlobal}`, "=", 0)
    .orderBy("securityGroups.id")
    .execute();
  const own = Map.groupBy(bound, (row) => row.spaceGuid);
  return new Map(
    spaceGuids.map((guid) => [
      guid,
      [...everywhere, ...(own.get(guid) ?? [])].map(({ rules }) => rules),
    ]),
  );
}
