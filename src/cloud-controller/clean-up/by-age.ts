import { addMs } from "#kernel/clock/clock.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import type { CleanUp, CleanUpContext } from "./clean-up.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** What goes because it is old, at the ages of Cloud Controller's clock. */
export const byAge: readonly CleanUp[] = [
  {
    name: "app_usage_events",
    run: async (context) =>
      removed(
        await context.db
          .deleteFrom("appUsageEvents")
          .where("createdAt", "<", before(context, context.config.appUsageEventDays))
          .executeTakeFirstOrThrow(),
      ),
  },
  {
    name: "audit_events",
    run: async (context) =>
      removed(
        await context.db
          .deleteFrom("auditEvents")
          .where("createdAt", "<", before(context, context.config.auditEventDays))
          .executeTakeFirstOrThrow(),
      ),
  },
  { name: "completed_tasks", run: removeCompletedTasks },
  {
    name: "orphaned_blobs",
    run: async (context) =>
      removed(
        await context.db
          .deleteFrom("orphanedBlobs")
          .where("createdAt", "<", before(context, context.config.orphanedBlobDays))
          .executeTakeFirstOrThrow(),
      ),
  },
  {
    name: "pollable_jobs",
    run: async (context) =>
      removed(
        await context.db
          .deleteFrom("jobs")
          .where("createdAt", "<", before(context, context.config.jobDays))
          .where("state", "in", ["COMPLETE", "FAILED"])
          .executeTakeFirstOrThrow(),
      ),
  },
];

/** By the time of their end; those that wait or run stay, however old. */
async function removeCompletedTasks(context: CleanUpContext): Promise<number> {
  return await context.db.transaction().execute(async (tx) => {
    const rows = await tx
      .deleteFrom("tasks")
      .where("updatedAt", "<", before(context, context.config.completedTaskDays))
      .where("state", "in", ["SUCCEEDED", "FAILED"])
      .returning("guid")
      .execute();
    await deleteMetadata(
      tx,
      "task",
      rows.map(({ guid }) => guid),
    );
    return rows.length;
  });
}

function before({ clock }: CleanUpContext, days: number): string {
  return addMs(clock.now(), -days * dayMs).toISOString();
}

function removed({ numDeletedRows }: { readonly numDeletedRows: bigint }): number {
  return Number(numDeletedRows);
}
