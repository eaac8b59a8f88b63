import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Executor } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import type { Organization } from "./organization-table.ts";

export async function recordOrganizationEvent(
  db: Executor,
  clock: Clock,
  event: {
    readonly type: `audit.organization.${"create" | "update" | "delete-request"}`;
    readonly organization: Pick<Organization, "guid" | "name">;
    readonly auth: AuthContext;
    /** As it was asked for. */
    readonly request: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { guid, name } = event.organization;
  await recordAuditEvent(db, clock, {
    type: event.type,
    actor: actorOf(event.auth),
    target: { guid, type: "organization", name },
    organizationGuid: guid,
    data: { request: event.request },
  });
}
