import { sql, type RawBuilder } from "kysely";
import type { Executor } from "../database/schema.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import type { CleanUp } from "./clean-up.ts";

/** Of what an app has many the newest are kept; what is still at work does not count and stays. */
export const byNumber: readonly CleanUp[] = [
  {
    name: "prune_completed_deployments",
    run: ({ db, config }) =>
      db.transaction().execute((tx) =>
        prune(tx, {
          table: "deployments",
          type: "deployment",
          kept: config.deploymentsPerApp,
          isOver: sql`status_value <> 'ACTIVE'`,
        }),
      ),
  },
  {
    name: "prune_completed_builds",
    run: ({ db, config }) =>
      db.transaction().execute((tx) =>
        prune(tx, {
          table: "builds",
          type: "build",
          kept: config.buildsPerApp,
          isOver: sql`state <> 'STAGING'`,
        }),
      ),
  },
  {
    name: "prune_excess_app_revisions",
    run: ({ db, config }) =>
      db.transaction().execute((tx) =>
        prune(tx, {
          table: "revisions",
          type: "revision",
          kept: config.revisionsPerApp,
          // A process may run as an old one.
          isOver: sql`not exists (
            select 1 from processes where processes.revision_guid = revisions.guid)`,
        }),
      ),
  },
];

async function prune(
  tx: Executor,
  subject: {
    readonly table: "builds" | "deployments" | "revisions";
    readonly type: "build" | "deployment" | "revision";
    readonly kept: number;
    readonly isOver: RawBuilder<unknown>;
  },
): Promise<number> {
  const { table, type, kept, isOver } = subject;
  const rows = await tx
    .deleteFrom(table)
    .where(
      "id",
      "in",
      sql<number>`(select id from
        (select id, row_number() over (partition by app_guid order by id desc) as age
          from ${sql.table(table)} where ${isOver}) as aged
        where age > ${kept})`,
    )
    .returning("guid")
    .execute();
  const guids = rows.map(({ guid }) => guid);
  await deleteMetadata(tx, type, guids);
  return guids.length;
}
