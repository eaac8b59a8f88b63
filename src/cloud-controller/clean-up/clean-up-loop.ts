import { addMs, parseInstant } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop } from "#kernel/loop/loop.ts";
import { byAge } from "./by-age.ts";
import { byNumber } from "./by-number.ts";
import type { CleanUp, CleanUpContext } from "./clean-up.ts";
import type { ClockJobTable } from "./clock-job-table.ts";
import { expiredBits } from "./expired-bits.ts";
import { orphanedBlobs } from "./orphaned-blobs.ts";
import { isDue, nextTime } from "./schedule.ts";

const periodMs = 60_000;

/** A run that has not ended after so long was killed: another may begin. `jobs.global.timeout_in_seconds`. */
const abandonedAfterMs = 14_400_000;

const everything: readonly CleanUp[] = [...byAge, ...expiredBits, orphanedBlobs, ...byNumber];

/** Once a minute it runs what is due; a row per subject keeps several processes from doing one at once. */
export function cleanUpLoop(context: CleanUpContext & { readonly logger: Logger }): Loop {
  return new Loop({
    name: "clean-up",
    clock: context.clock,
    logger: context.logger,
    periodMs,
    activation: (signal) => cleanUp(context, signal),
  });
}

/** The subjects by what each removed in this round; one that fails keeps no other from its work. */
export async function cleanUp(
  context: CleanUpContext & { readonly logger: Logger },
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const done: Record<string, number> = {};
  for (const subject of everything) {
    if (signal.aborted) break;
    if (!(await claim(context, subject))) continue;
    try {
      const count = await subject.run(context, signal);
      done[subject.name] = count;
      await note(context, subject, { lastResult: String(count), lastError: null });
    } catch (error) {
      context.logger.error("clean-up-failed", { subject: subject.name, error });
      const message = error instanceof Error ? error.message : String(error);
      await note(context, subject, { lastResult: null, lastError: message });
    }
  }
  return done;
}

/** Takes the subject's row where it is due and nobody else is at it. */
async function claim({ db, clock, config }: CleanUpContext, { name }: CleanUp): Promise<boolean> {
  const now = clock.now();
  const row = await db
    .selectFrom("clockJobs")
    .selectAll()
    .where("name", "=", name)
    .executeTakeFirst();
  if (row === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto("clockJobs")
      .values({
        name,
        lastStartedAt: now.toISOString(),
        lastCompletedAt: null,
        lastResult: null,
        lastError: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { lastStartedAt, lastCompletedAt } = row;
  const started = lastStartedAt === null ? undefined : parseInstant(lastStartedAt);
  const isAbandoned =
    started !== undefined && lastCompletedAt === null && started < addMs(now, -abandonedAfterMs);
  if (!isAbandoned && !isDue(config.times[name], started, now)) return false;
  const { numUpdatedRows } = await db
    .updateTable("clockJobs")
    .set({ lastStartedAt: now.toISOString(), lastCompletedAt: null })
    .where("name", "=", name)
    .where("lastStartedAt", lastStartedAt === null ? "is" : "=", lastStartedAt)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function note(
  { db, clock }: CleanUpContext,
  { name }: CleanUp,
  end: Pick<ClockJobTable, "lastResult" | "lastError">,
): Promise<void> {
  await db
    .updateTable("clockJobs")
    .set({ ...end, lastCompletedAt: clock.now().toISOString() })
    .where("name", "=", name)
    .execute();
}

/** The last run of each subject and the next, for operators. */
export async function cleanUpRuns({
  db,
  clock,
  config,
}: Pick<CleanUpContext, "db" | "clock" | "config">) {
  const rows = await db.selectFrom("clockJobs").selectAll().orderBy("name").execute();
  const runs = new Map(rows.map((row) => [row.name, row]));
  return everything.map(({ name }) => {
    const at = config.times[name];
    const row = runs.get(name);
    const lastResult = row?.lastResult ?? undefined;
    return {
      name,
      at,
      lastStartedAt: row?.lastStartedAt ?? undefined,
      lastCompletedAt: row?.lastCompletedAt ?? undefined,
      removed: lastResult === undefined ? undefined : Number(lastResult),
      lastError: row?.lastError ?? undefined,
      nextAt: nextTime(at, clock.now()).toISOString(),
    };
  });
}
