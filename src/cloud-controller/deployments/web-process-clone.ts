import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import { recordProcessUsage } from "../app-usage-events/record-usage-event.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { loadMetadata, updateMetadata } from "../metadata/metadata.ts";
import { toProcess, type Process } from "../processes/process-table.ts";
import type { Revision } from "../revisions/revision-table.ts";
import type { CreateDeployment } from "./messages.ts";

type Sizes = Pick<CreateDeployment, "memoryInMb" | "diskInMb" | "logRateLimitInBytesPerSecond">;

/** The process with the sizes that a deployment gives it. */
export function resized(process: Process, sizes: Sizes): Process {
  return {
    ...process,
    memoryInMb: sizes.memoryInMb ?? process.memoryInMb,
    diskInMb: sizes.diskInMb ?? process.diskInMb,
    logRateLimitInBytesPerSecond:
      sizes.logRateLimitInBytesPerSecond ?? process.logRateLimitInBytesPerSecond,
  };
}

/** A started process that differs from the app's web process in its guid, number and revision alone. */
export async function cloneWebProcess(
  db: Executor,
  clock: Clock,
  wanted: {
    /** The newest, resized. */
    readonly web: Process;
    readonly instances: number;
    readonly revision: Revision | undefined;
  },
): Promise<Process> {
  const { web, instances, revision } = wanted;
  const { id: _id, healthCheck, readinessHealthCheck, ...columns } = web;
  const row = await db
    .insertInto("processes")
    .values({
      ...columns,
      ...newRecord(clock),
      state: "STARTED",
      version: randomGuids(),
      instances,
      command: revision === undefined ? web.command : (revision.commands["web"] ?? null),
      revisionGuid: revision?.guid ?? null,
      healthCheck: JSON.stringify(healthCheck),
      readinessHealthCheck: JSON.stringify(readinessHealthCheck),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const metadata = (await loadMetadata(db, "process", [web.guid])).get(web.guid);
  await updateMetadata(db, { type: "process", guid: row.guid }, metadata);
  const after = toProcess(row);
  // Made stopped and then started, as the original does: the event has what was before.
  await recordProcessUsage(db, clock, { before: { ...after, state: "STOPPED" }, after });
  return after;
}
