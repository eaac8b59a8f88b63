import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { toProcess } from "../processes/process-table.ts";
import { recordReseeded } from "./record-usage-event.ts";

const pageSize = 500;

/** Forgets all events and begins anew: a STARTED event for each process that is started now, as if nothing was before. */
export async function purgeAndReseed(db: Database, clock: Clock): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom("appUsageEvents").execute();
    let afterId = 0;
    for (;;) {
      const rows = await tx
        .selectFrom("processes")
        .selectAll()
        .where("state", "=", "STARTED")
        .where("id", ">", afterId)
        .orderBy("id")
        .limit(pageSize)
        .execute();
      for (const row of rows) await recordReseeded(tx, clock, toProcess(row));
      const last = rows.at(-1);
      if (last === undefined) return;
      afterId = last.id;
    }
  });
}
