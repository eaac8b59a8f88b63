import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { named } from "../database/name-key.ts";
import { newRecord, storedBoolean } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { grantRole } from "../roles/grant-role.ts";
import type { createOrganizationMessage } from "./messages.ts";
import type { Organization } from "./organization-table.ts";
import { recordOrganizationEvent } from "./organization-event.ts";

const creatorRoles = ["organization_user", "organization_manager"] as const;

/** A user who is no admin becomes the manager of what he creates. */
export async function createOrganization(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  auth: AuthContext,
  message: z.infer<typeof createOrganizationMessage>,
): Promise<Organization> {
  return await db.transaction().execute(async (tx) => {
    const quota = await tx
      .selectFrom("organizationQuotas")
      .select("guid")
      .where("nameKey", "=", "default")
      .executeTakeFirst();
    if (quota === undefined) {
      throw unprocessable("Quota Definition could not be found: default");
    }
    const organization = await tx
      .insertInto("organizations")
      .values({
        ...newRecord(clock),
        ...named(message.name),
        suspended: storedBoolean(message.suspended ?? false),
        quotaGuid: quota.guid,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => unprocessable(`Organization '${message.name}' already exists.`)));
    await updateMetadata(tx, { type: "organization", guid: organization.guid }, message.metadata);
    const { guid: organizationGuid } = organization;
    const actor = actorOf(auth);
    await recordOrganizationEvent(tx, clock, {
      type: "audit.organization.create",
      organization,
      auth,
      request: message,
    });
    const { userGuid } = auth;
    for (const type of auth.isAdmin ? [] : creatorRoles) {
      await grantRole(tx, clock, { type, userGuid, organizationGuid });
      await recordAuditEvent(tx, clock, {
        type: `audit.user.${type}_add`,
        actor,
        target: { guid: userGuid, type: "user", name: auth.userName },
        organizationGuid,
        data: { request: message },
      });
    }
    return organization;
  });
}
