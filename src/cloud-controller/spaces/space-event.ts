import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import type { Space } from "./space-table.ts";

export async function recordSpaceEvent(
  db: Executor,
  clock: Clock,
  event: {
    readonly type: `audit.space.${"create" | "update" | "delete-request"}`;
    readonly space: Pick<Space, "guid" | "name" | "organizationGuid">;
    readonly actor: Actor;
    /** As it was asked for. */
    readonly request: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { guid, name, organizationGuid } = event.space;
  await recordAuditEvent(db, clock, {
    type: event.type,
    actor: event.actor,
    target: { guid, type: "space", name },
    spaceGuid: guid,
    organizationGuid,
    data: { request: event.request },
  });
}
