import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";

export interface NewAuditEvent {
  /** `audit.app.create`, ... */
  readonly type: string;
  readonly actor: Actor;
  readonly target: { readonly guid: string; readonly type: string; readonly name: string };
  readonly spaceGuid?: string;
  /** Taken from the space where there is one. */
  readonly organizationGuid?: string;
  /** Shown as it is: no secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Of a change that a manifest asks for: its events say so. */
export interface ManifestTrigger {
  readonly manifestTriggered?: boolean;
}

/** What an event's data have beside their own. */
export function triggerOf({ manifestTriggered }: ManifestTrigger) {
  return manifestTriggered === true ? { manifest_triggered: true } : {};
}

/** What stands in an event in place of a command or of environment variables. */
export const hidden = "[PRIVATE DATA HIDDEN]";

/** Records that something was done, in the transaction that does it. */
export async function recordAuditEvent(
  db: Executor,
  clock: Clock,
  event: NewAuditEvent,
): Promise<void> {
  const space =
    event.spaceGuid === undefined || event.organizationGuid !== undefined
      ? undefined
      : await db
          .selectFrom("spaces")
          .select("organizationGuid")
          .where("guid", "=", event.spaceGuid)
          .executeTakeFirst();
  await db
    .insertInto("auditEvents")
    .values({
      ...newRecord(clock),
      type: event.type,
      actorGuid: event.actor.guid,
      actorType: event.actor.type,
      actorName: event.actor.name,
      targetGuid: event.target.guid,
      targetType: event.target.type,
      targetName: event.target.name,
      spaceGuid: event.spaceGuid ?? null,
      organizationGuid: event.organizationGuid ?? space?.organizationGuid ?? null,
      data: JSON.stringify(event.data ?? {}),
    })
    .execute();
}
