import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { named } from "../database/name-key.ts";
import { newRecord, storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { findOrganization } from "../organizations/find-organization.ts";
import type { createSpaceMessage, updateSpaceMessage } from "./messages.ts";
import { recordSpaceEvent } from "./space-event.ts";
import type { Space } from "./space-table.ts";

interface SpaceChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly auth: AuthContext;
}

export async function createSpace(
  { db, clock, auth }: SpaceChange,
  message: z.infer<typeof createSpaceMessage>,
): Promise<Space> {
  return await db.transaction().execute(async (tx) => {
    const space = await tx
      .insertInto("spaces")
      .values({
        ...newRecord(clock),
        ...named(message.name),
        organizationGuid: message.relationships.organization.data.guid,
        allowSsh: 1,
        suspended: storedBoolean(message.suspended ?? false),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => unprocessable("Name must be unique per organization")));
    await updateMetadata(tx, { type: "space", guid: space.guid }, message.metadata);
    await recordSpaceEvent(tx, clock, {
      type: "audit.space.create",
      space,
      actor: actorOf(auth),
      request: message,
    });
    return space;
  });
}

export async function updateSpace(
  { db, clock, auth }: SpaceChange,
  before: Space,
  message: z.infer<typeof updateSpaceMessage>,
): Promise<Space> {
  const name = message.name ?? before.name;
  const { suspended } = message;
  if (suspended !== undefined && before.deleting === 1) {
    throw unprocessable(`Space '${name}' is being deleted and cannot be updated.`);
  }
  const organization = await findOrganization(db, before.organizationGuid);
  return await db.transaction().execute(async (tx) => {
    const space = await tx
      .updateTable("spaces")
      .set({
        ...touched(clock),
        ...named(name),
        ...(suspended === undefined ? {} : { suspended: storedBoolean(suspended ?? false) }),
      })
      .where("guid", "=", before.guid)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(
        whereTaken(() =>
          unprocessable(
            `Organization '${organization?.name}' already contains a space with name '${name}'.`,
          ),
        ),
      );
    await updateMetadata(tx, { type: "space", guid: space.guid }, message.metadata);
    await recordSpaceEvent(tx, clock, {
      type: "audit.space.update",
      space,
      actor: actorOf(auth),
      request: message,
    });
    return space;
  });
}
