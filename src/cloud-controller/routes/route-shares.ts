import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { routeUrl, type Route } from "./find-route.ts";

interface ShareChange {
  readonly clock: Clock;
  readonly actor: Actor;
}

/** Sharing twice is sharing once. */
export async function shareRoute(
  db: Executor,
  { clock, actor }: ShareChange,
  { route, spaceGuids }: { readonly route: Route; readonly spaceGuids: readonly string[] },
): Promise<void> {
  if (spaceGuids.includes(route.spaceGuid)) {
    throw unprocessable(
      `Unable to share route '${routeUrl(route)}' with space '${route.spaceGuid}'. ` +
        "Routes cannot be shared into the space where they were created.",
    );
  }
  await addShares(db, route.guid, spaceGuids);
  await recordAuditEvent(db, clock, {
    type: "audit.route.share",
    ...subject(route, actor),
    data: { target_space_guids: spaceGuids },
  });
}

/** The apps of that space that it leads to stay its destinations, as in the original. */
export async function unshareRoute(
  db: Executor,
  { clock, actor }: ShareChange,
  { route, spaceGuid }: { readonly route: Route; readonly spaceGuid: string },
): Promise<void> {
  if (spaceGuid === route.spaceGuid) {
    throw unprocessable(
      `Unable to unshare route '${routeUrl(route)}' from space '${spaceGuid}'. ` +
        "Routes cannot be removed from the space that owns them.",
    );
  }
  await removeShare(db, route.guid, spaceGuid);
  await recordAuditEvent(db, clock, {
    type: "audit.route.unshare",
    ...subject(route, actor),
    data: { target_space_guid: spaceGuid },
  });
}

/** Gives the route to another space; the one that had it keeps it as a shared one, and so its destinations. */
export async function transferRoute(
  db: Executor,
  { clock, actor }: ShareChange,
  { route, spaceGuid }: { readonly route: Route; readonly spaceGuid: string },
): Promise<void> {
  if (spaceGuid === route.spaceGuid) return;
  await db
    .updateTable("routes")
    .set({ ...touched(clock), spaceGuid })
    .where("guid", "=", route.guid)
    .execute();
  await removeShare(db, route.guid, spaceGuid);
  await addShares(db, route.guid, [route.spaceGuid]);
  await recordAuditEvent(db, clock, {
    type: "audit.route.transfer-owner",
    ...subject(route, actor),
    data: { target_space_guid: spaceGuid },
  });
}

async function addShares(
  db: Executor,
  routeGuid: string,
  spaceGuids: readonly string[],
): Promise<void> {
  await db
    .insertInto("routeShares")
    .values([...new Set(spaceGuids)].map((spaceGuid) => ({ routeGuid, spaceGuid })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function removeShare(db: Executor, routeGuid: string, spaceGuid: string): Promise<void> {
  await db
    .deleteFrom("routeShares")
    .where("routeGuid", "=", routeGuid)
    .where("spaceGuid", "=", spaceGuid)
    .execute();
}

function subject(route: Route, actor: Actor) {
  return {
    actor,
    target: { guid: route.guid, type: "route", name: route.host },
    spaceGuid: route.spaceGuid,
  };
}
