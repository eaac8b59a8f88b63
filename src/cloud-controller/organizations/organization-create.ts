import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { isUniqueViolation, newRecord, storedBoolean } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { grantRole } from "../roles/grant-role.ts";
import type { createOrganizationMessage } from "./messages.ts";
import type { Organization } from "./organization-table.ts";
import { recordOrganizationEvent } from "./organization-event.ts";

/** A user who is no admin becomes the manager of what he creates. */
export async function createOrganization(
  { db, clock }: { readonly db: Database; readonly clock: Clock },
  auth: AuthContext,
  message: z.infer<typeof createOrganizationMessage>,
): Promise<Organization> {
  return await db.transaction().execute(async (tx) => {
    const wanted = message.relationships?.quota?.data.guid;
    const quota = await tx
      .selectFrom("organizationQuotas")
      .select("guid")
      .where((eb) => (wanted === undefined ? eb("name", "=", "default") : eb("guid", "=", wanted)))
      .executeTakeFirst();
    if (quota === undefined) {
      throw unprocessable("Invalid quota. Ensure that the quota exists and you have access to it.");
    }
    const organization = await tx
      .insertInto("organizations")
      .values({
        ...newRecord(clock),
        name: message.name,
        suspended: storedBoolean(message.suspended ?? false),
        quotaGuid: quota.guid,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        throw isUniqueViolation(error)
          ? unprocessable(`Organization '${message.name}' already exists.`)
          : error;
      });
    await updateMetadata(tx, { type: "organization", guid: organization.guid }, message.metadata);
    if (!auth.isAdmin) {
      for (const type of ["organization_user", "organization_manager"] as const) {
        await grantRole(tx, clock, {
          type,
          userGuid: auth.userGuid,
          organizationGuid: organization.guid,
        });
      }
    }
    await recordOrganizationEvent(tx, clock, {
      type: "audit.organization.create",
      organization,
      auth,
      request: message,
    });
    return organization;
  });
}
