import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { named } from "../database/name-key.ts";
import { storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import type { updateOrganizationMessage } from "./messages.ts";
import { recordOrganizationEvent } from "./organization-event.ts";
import type { Organization } from "./organization-table.ts";

export async function updateOrganization(
  { db, clock, auth }: { readonly db: Database; readonly clock: Clock; readonly auth: AuthContext },
  before: Organization,
  message: z.infer<typeof updateOrganizationMessage>,
): Promise<Organization> {
  const name = message.name ?? before.name;
  const { suspended } = message;
  if (suspended !== undefined && before.deleting === 1) {
    throw unprocessable(`Organization '${name}' is being deleted and cannot be updated.`);
  }
  return await db.transaction().execute(async (tx) => {
    const organization = await tx
      .updateTable("organizations")
      .set({
        ...touched(clock),
        ...named(name),
        ...(suspended === undefined ? {} : { suspended: storedBoolean(suspended ?? false) }),
      })
      .where("guid", "=", before.guid)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => unprocessable(`Organization name '${name}' is already taken.`)));
    const { guid } = organization;
    await updateMetadata(tx, { type: "organization", guid }, message.metadata);
    await recordOrganizationEvent(tx, clock, {
      type: "audit.organization.update",
      organization,
      auth,
      request: message,
    });
    return organization;
  });
}
