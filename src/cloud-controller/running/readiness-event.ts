import type { LrpEvent } from "#diego/models/event.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Database } from "../database/schema.ts";
import { findProcess } from "../processes/find-process.ts";
import { processGuidOf } from "./desired-lrp.ts";

type InstanceChanged = Extract<LrpEvent, { readonly kind: "actual_lrp_instance_changed" }>;

/**
 * An instance has begun to be routed to, at its start or by its readiness check, or has ceased to be by that check
 * (tps-watcher tells Cloud Controller of the same). One that ends tells of its crash instead.
 */
export async function recordReadiness(
  { db, clock, appLog }: { readonly db: Database; readonly clock: Clock; readonly appLog: AppLog },
  { before, after }: InstanceChanged,
): Promise<void> {
  if (after.state !== "RUNNING") return;
  const wasRoutable = before.state === "RUNNING" && before.routable;
  if (wasRoutable === after.routable) return;
  const guid = processGuidOf(after.key.processGuid);
  const process = await findProcess(db, guid);
  const app = process === undefined ? undefined : await findApp(db, process.appGuid);
  if (process === undefined || app === undefined) return;
  const data = {
    instance: after.instanceKey.instanceGuid,
    index: after.key.index,
    cell_id: after.instanceKey.cellId,
    ready: after.routable,
    version: after.key.processGuid.slice(guid.length + 1),
  };
  await recordAuditEvent(db, clock, {
    type: after.routable ? "audit.app.process.ready" : "audit.app.process.not-ready",
    actor: { guid: process.guid, type: "process", name: process.type },
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data,
  });
  const became = after.routable ? "ready" : "not ready";
  appLog.write(
    app,
    `Process became ${became} with guid ${process.guid} payload: ${JSON.stringify(data)}`,
  );
}
