import { sql } from "kysely";
import type { Database } from "../database/schema.ts";
import { deleteMetadata } from "../metadata/metadata.ts";

/** Builds that an app keeps, as `max_retained_builds_per_app` has it. */
const buildsKept = 100;

/**
 * Removes rows that tell nothing any more: EXPIRED packages and droplets that have lost their bits, and the oldest
 * builds of an app beyond its hundred. Their labels go with them.
 */
export async function expireStaged(db: Database): Promise<{ readonly removed: number }> {
  return await db.transaction().execute(async (tx) => {
    let removed = 0;
    for (const [table, type] of [
      ["packages", "package"],
      ["droplets", "droplet"],
    ] as const) {
      const rows = await tx
        .deleteFrom(table)
        .where("state", "=", "EXPIRED")
        .where("sha256", "is", null)
        .returning("guid")
        .execute();
      removed += await forgetMetadata(tx, type, rows);
    }
    const old = await tx
      .deleteFrom("builds")
      .where("state", "!=", "STAGING")
      .where(
        "id",
        "in",
        sql<number>`(select id from (select id, row_number() over (partition by app_guid order by id desc) as age
          from builds where state <> 'STAGING') as aged where age > ${buildsKept})`,
      )
      .returning("guid")
      .execute();
    return { removed: removed + (await forgetMetadata(tx, "build", old)) };
  });
}

async function forgetMetadata(
  db: Parameters<typeof deleteMetadata>[0],
  type: "package" | "droplet" | "build",
  rows: readonly { readonly guid: string }[],
): Promise<number> {
  await deleteMetadata(
    db,
    type,
    rows.map(({ guid }) => guid),
  );
  return rows.length;
}
