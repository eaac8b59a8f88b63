import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { recordProcessUsage } from "../app-usage-events/record-usage-event.ts";
import {
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { isDeploying } from "../deployments/find-deployment.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { quotaFaults } from "../quotas/check-quota.ts";
import { sidecarsOfApp } from "../sidecars/find-sidecar.ts";
import { overcommitted } from "../sidecars/sidecar-memory.ts";
import type { ProcessScale } from "./messages.ts";
import type { Process } from "./process-table.ts";

/**
 * Changes size and number. The number of instances reaches Diego at once (the caller tells the runner), memory, disk
 * and log rate at the next restart. A stopped process is not held to the quota: its start will be.
 */
export async function scaleProcess(
  db: Executor,
  context: ManifestTrigger & {
    readonly clock: Clock;
    readonly limits: CloudControllerLimits;
    readonly actor: Actor;
  },
  {
    app,
    process,
    message,
  }: { readonly app: App; readonly process: Process; readonly message: ProcessScale },
): Promise<void> {
  if (process.type === "web" && (await isDeploying(db, app.guid))) {
    throw unprocessable("Cannot scale this process while a deployment is in flight.");
  }
  const scaled: Process = {
    ...process,
    instances: message.instances ?? process.instances,
    memoryInMb: message.memory_in_mb ?? process.memoryInMb,
    diskInMb: message.disk_in_mb ?? process.diskInMb,
    logRateLimitInBytesPerSecond:
      message.log_rate_limit_in_bytes_per_second ?? process.logRateLimitInBytesPerSecond,
  };
  await refuseTooSmallForSidecars(db, scaled);
  const faults: string[] = [];
  const maximum = context.limits.maximumDiskInMb;
  if (scaled.diskInMb > maximum) {
    faults.push(
      `disk_quota too much disk requested (requested ${scaled.diskInMb} MB - must be less than ${maximum} MB)`,
    );
  }
  const logRateCounts =
    scaled.instances !== process.instances ||
    scaled.logRateLimitInBytesPerSecond !== process.logRateLimitInBytesPerSecond;
  faults.push(
    ...(await quotaFaults(db, { spaceGuid: app.spaceGuid, changed: [scaled], logRateCounts })),
  );
  if (faults.length > 0) throw unprocessable(faults.join(", "));
  await db
    .updateTable("processes")
    .set({
      ...touched(context.clock),
      instances: scaled.instances,
      memoryInMb: scaled.memoryInMb,
      diskInMb: scaled.diskInMb,
      logRateLimitInBytesPerSecond: scaled.logRateLimitInBytesPerSecond,
    })
    .where("guid", "=", process.guid)
    .execute();
  await recordProcessUsage(db, context.clock, { before: process, after: scaled });
  await recordAuditEvent(db, context.clock, {
    type: "audit.app.process.scale",
    actor: context.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: {
      process_guid: process.guid,
      process_type: process.type,
      request: message,
      ...triggerOf(context),
    },
  });
}

async function refuseTooSmallForSidecars(db: Executor, process: Process): Promise<void> {
  const sidecars = await sidecarsOfApp(db, process.appGuid);
  if (overcommitted([process], sidecars) === undefined) return;
  throw unprocessable(
    "The requested memory allocation is not large enough to run all of your sidecar processes",
  );
}
