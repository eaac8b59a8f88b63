import { sql } from "kysely";
import type { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { named } from "../database/name-key.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { type CfError, unprocessable } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";
import { deleteMetadata, updateMetadata } from "../metadata/metadata.ts";
import { sharedSegmentGuid, type IsolationSegment } from "./isolation-segment-table.ts";
import type { createIsolationSegmentMessage, updateIsolationSegmentMessage } from "./messages.ts";

interface SegmentChange {
  readonly db: Database;
  readonly clock: Clock;
}

export async function createIsolationSegment(
  { db, clock }: SegmentChange,
  message: z.infer<typeof createIsolationSegmentMessage>,
): Promise<IsolationSegment> {
  return await db.transaction().execute(async (tx) => {
    const segment = await tx
      .insertInto("isolationSegments")
      .values({ ...newRecord(clock), ...named(message.name) })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(nameTaken));
    const owner = { type: "isolation_segment", guid: segment.guid } as const;
    await updateMetadata(tx, owner, message.metadata);
    return segment;
  });
}

/** A segment that is in use keeps its name: the tags of what runs there would no longer be true. */
export async function updateIsolationSegment(
  { db, clock }: SegmentChange,
  before: IsolationSegment,
  message: z.infer<typeof updateIsolationSegmentMessage>,
): Promise<IsolationSegment> {
  if (before.guid === sharedSegmentGuid) {
    throw unprocessable("Cannot update the shared Isolation Segment");
  }
  return await db.transaction().execute(async (tx) => {
    if (await isAssigned(tx, before.guid)) {
      throw unprocessable(
        "Cannot update Isolation Segments that are assigned as the default for an Organization or Space.",
      );
    }
    const segment = await tx
      .updateTable("isolationSegments")
      .set({ ...touched(clock), ...named(message.name ?? before.name) })
      .where("guid", "=", before.guid)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(nameTaken));
    const owner = { type: "isolation_segment", guid: segment.guid } as const;
    await updateMetadata(tx, owner, message.metadata);
    return segment;
  });
}

export async function deleteIsolationSegment(
  db: Database,
  segment: IsolationSegment,
): Promise<void> {
  const { guid } = segment;
  if (guid === sharedSegmentGuid) {
    throw unprocessable(`Cannot delete the ${segment.name} Isolation Segment`);
  }
  await db.transaction().execute(async (tx) => {
    const entitled = await tx
      .selectFrom("isolationSegmentEntitlements")
      .select("organizationGuid")
      .where("isolationSegmentGuid", "=", guid)
      .executeTakeFirst();
    if (entitled !== undefined || (await isAssigned(tx, guid))) {
      throw unprocessable("Revoke the Organization entitlements for your Isolation Segment.");
    }
    await deleteMetadata(tx, "isolation_segment", [guid]);
    await tx.deleteFrom("isolationSegments").where("guid", "=", guid).execute();
  });
}

/** Lets organizations use a segment. The shared one becomes the default of those that have none. */
export async function entitleOrganizations(
  { db, clock }: SegmentChange,
  segment: IsolationSegment,
  guids: readonly string[],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const found = await tx
      .selectFrom("organizations")
      .select("guid")
      .where(isOneOf(sql.ref("organizations.guid"), guids))
      .execute();
    const missing = guids.filter((guid) => !found.some((row) => row.guid === guid));
    if (missing.length > 0) {
      const list = missing.map((guid) => `'${guid}'`).join(", ");
      throw unprocessable(
        `Unable to entitle organizations [${list}] for the isolation segment. Ensure the organizations exist.`,
      );
    }
    await tx
      .insertInto("isolationSegmentEntitlements")
      .values(
        guids.map((organizationGuid) => ({ isolationSegmentGuid: segment.guid, organizationGuid })),
      )
      .onConflict((conflict) =>
        conflict.columns(["isolationSegmentGuid", "organizationGuid"]).doNothing(),
      )
      .execute();
    if (segment.guid !== sharedSegmentGuid) return;
    await tx
      .updateTable("organizations")
      .set({ ...touched(clock), defaultIsolationSegmentGuid: segment.guid })
      .where(isOneOf(sql.ref("organizations.guid"), guids))
      .where("defaultIsolationSegmentGuid", "is", null)
      .execute();
  });
}

export async function revokeEntitlement(
  db: Database,
  segment: IsolationSegment,
  organization: { readonly guid: string; readonly defaultIsolationSegmentGuid: string | null },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (organization.defaultIsolationSegmentGuid === segment.guid) {
      throw unprocessable(
        "Cannot remove the entitlement while this Isolation Segment is assigned as the Default Isolation Segment for the Organization.",
      );
    }
    const spaces = await tx
      .selectFrom("spaces")
      .select("name")
      .where("organizationGuid", "=", organization.guid)
      .where("isolationSegmentGuid", "=", segment.guid)
      .orderBy("id")
      .execute();
    if (spaces.length > 0) {
      const list = spaces.map(({ name }) => `'${name}'`).join(", ");
      throw unprocessable(
        `Cannot remove the entitlement while this Isolation Segment is assigned to any Spaces. Currently assigned to: ${list}`,
      );
    }
    await tx
      .deleteFrom("isolationSegmentEntitlements")
      .where("isolationSegmentGuid", "=", segment.guid)
      .where("organizationGuid", "=", organization.guid)
      .execute();
  });
}

export async function isEntitled(
  db: Executor,
  isolationSegmentGuid: string,
  organizationGuid: string,
): Promise<boolean> {
  const row = await db
    .selectFrom("isolationSegmentEntitlements")
    .select("organizationGuid")
    .where("isolationSegmentGuid", "=", isolationSegmentGuid)
    .where("organizationGuid", "=", organizationGuid)
    .executeTakeFirst();
  return row !== undefined;
}

async function isAssigned(db: Executor, guid: string): Promise<boolean> {
  const organization = await db
    .selectFrom("organizations")
    .select("guid")
    .where("defaultIsolationSegmentGuid", "=", guid)
    .executeTakeFirst();
  if (organization !== undefined) return true;
  const space = await db
    .selectFrom("spaces")
    .select("guid")
    .where("isolationSegmentGuid", "=", guid)
    .executeTakeFirst();
  return space !== undefined;
}

function nameTaken(): CfError {
  return unprocessable("Isolation Segment names are case insensitive and must be unique");
}
