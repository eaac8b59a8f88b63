import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import type { App } from "../apps/app-table.ts";
import {
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import {
  toProcess,
  type HealthCheck,
  type Process,
  type ReadinessHealthCheck,
} from "./process-table.ts";

interface ProcessCreate extends ManifestTrigger {
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly actor: Actor;
}

/**
 * A process with the platform's defaults: a web process runs one instance that must listen, others none. The first
 * web process of an app has the app's own guid, which `cf ssh` and others take for granted.
 */
export async function createProcess(
  db: Executor,
  context: ProcessCreate,
  { app, type, guid }: { readonly app: App; readonly type: string; readonly guid?: string },
): Promise<Process> {
  const { clock, limits, actor } = context;
  const isWeb = type === "web";
  const healthCheck: HealthCheck = {
    type: isWeb ? "port" : "process",
    timeout: null,
    invocationTimeout: null,
    interval: null,
    endpoint: null,
  };
  const readinessHealthCheck: ReadinessHealthCheck = {
    type: "process",
    invocationTimeout: null,
    interval: null,
    endpoint: null,
  };
  const row = await db
    .insertInto("processes")
    .values({
      ...newRecord(clock, guid),
      appGuid: app.guid,
      type,
      // Also of an app that runs: the app's next start is its first.
      state: "STOPPED",
      version: randomGuids(),
      command: null,
      user: null,
      instances: isWeb ? 1 : 0,
      memoryInMb: limits.defaultMemoryInMb,
      diskInMb: limits.defaultDiskInMb,
      logRateLimitInBytesPerSecond: limits.defaultLogRateLimitInBytesPerSecond,
      healthCheck: JSON.stringify(healthCheck),
      readinessHealthCheck: JSON.stringify(readinessHealthCheck),
      revisionGuid: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await recordAuditEvent(db, clock, {
    type: "audit.app.process.create",
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { process_guid: row.guid, process_type: type, ...triggerOf(context) },
  });
  return toProcess(row);
}

/** Gives an app a process for each type of a droplet that it has none of; the types it has beyond those stay. */
export async function createMissingProcesses(
  db: Executor,
  context: ProcessCreate,
  { app, types }: { readonly app: App; readonly types: readonly string[] },
): Promise<void> {
  const existing = await db
    .selectFrom("processes")
    .select("type")
    .where("appGuid", "=", app.guid)
    .execute();
  const has = new Set(existing.map((row) => row.type));
  for (const type of types.filter((candidate) => !has.has(candidate))) {
    await createProcess(db, context, { app, type });
  }
}
