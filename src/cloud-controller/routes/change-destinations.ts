import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";
import { destinationsOf, routeUrl, type Destination, type Route } from "./find-route.ts";
import type { DestinationMessage } from "./messages.ts";

interface DestinationChange {
  readonly clock: Clock;
  readonly actor: Actor;
}

/** Routes lead to 100 destinations at most. */
const maximumDestinations = 100;

/** Adds what the route does not lead to yet. The apps whose routes changed are given back, for the runner. */
export async function insertDestinations(
  db: Executor,
  change: DestinationChange,
  { route, wanted }: { readonly route: Route; readonly wanted: readonly DestinationMessage[] },
): Promise<readonly string[]> {
  if (wanted.some((destination) => destination.weight !== undefined)) {
    throw unprocessable(
      "Destinations cannot be inserted when there are weighted destinations already configured.",
    );
  }
  const names = await requireApps(db, route, wanted);
  const existing = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  if (existing.some((destination) => destination.weight !== null)) {
    throw unprocessable(
      "Destinations cannot be inserted when there are weighted destinations already configured.",
    );
  }
  const added: DestinationMessage[] = [];
  for (const destination of wanted) {
    const same = existing.find((candidate) => isSame(candidate, destination));
    if (same === undefined) added.push(destination);
    else refuseOtherProtocol(same, destination);
  }
  if (existing.length + added.length > maximumDestinations) {
    throw unprocessable(`Routes can be mapped to at most ${maximumDestinations} destinations.`);
  }
  await insert(db, change, { route, added, names });
  return [...new Set(added.map((destination) => destination.app.guid))];
}

/** Makes the list the route's whole list: weights for all or none, 100 in sum. */
export async function replaceDestinations(
  db: Executor,
  change: DestinationChange,
  { route, wanted }: { readonly route: Route; readonly wanted: readonly DestinationMessage[] },
): Promise<readonly string[]> {
  const weighted = wanted.filter((destination) => destination.weight !== undefined);
  const sum = weighted.reduce((total, destination) => total + (destination.weight ?? 0), 0);
  if (weighted.length > 0 && (weighted.length < wanted.length || sum !== 100)) {
    throw unprocessable(
      weighted.length < wanted.length
        ? "Destinations cannot contain both weighted and unweighted destinations."
        : "Destinations must have weights that add up to 100.",
    );
  }
  const names = await requireApps(db, route, wanted);
  const existing = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  const kept = existing.filter((candidate) =>
    wanted.some(
      (destination) =>
        isSame(candidate, destination) &&
        candidate.weight === (destination.weight ?? null) &&
        candidate.protocol === (destination.protocol ?? "http1"),
    ),
  );
  const removed = existing.filter((candidate) => !kept.includes(candidate));
  for (const destination of removed) {
    await removeDestination(db, change, { route, destination });
  }
  const added = wanted.filter(
    (destination) => !kept.some((candidate) => isSame(candidate, destination)),
  );
  await insert(db, change, { route, added, names });
  return [
    ...new Set([
      ...removed.map((destination) => destination.appGuid),
      ...added.map((destination) => destination.app.guid),
    ]),
  ];
}

export async function removeDestination(
  db: Executor,
  { clock, actor }: DestinationChange,
  { route, destination }: { readonly route: Route; readonly destination: Destination },
): Promise<void> {
  await db.deleteFrom("destinations").where("guid", "=", destination.guid).execute();
  await db.updateTable("routes").set(touched(clock)).where("guid", "=", route.guid).execute();
  const app = await db
    .selectFrom("apps")
    .select(["name", "spaceGuid"])
    .where("guid", "=", destination.appGuid)
    .executeTakeFirst();
  await recordAuditEvent(db, clock, {
    type: "audit.app.unmap-route",
    actor,
    target: { guid: destination.appGuid, type: "app", name: app?.name ?? "" },
    spaceGuid: app?.spaceGuid ?? route.spaceGuid,
    data: { route_guid: route.guid, destination_guid: destination.guid, route: routeUrl(route) },
  });
}

async function insert(
  db: Executor,
  { clock, actor }: DestinationChange,
  change: {
    readonly route: Route;
    readonly added: readonly DestinationMessage[];
    readonly names: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const { route, added, names } = change;
  if (added.length === 0) return;
  for (const destination of added) {
    const record = newRecord(clock);
    await db
      .insertInto("destinations")
      .values({
        ...record,
        routeGuid: route.guid,
        appGuid: destination.app.guid,
        processType: destination.app.process?.type ?? "web",
        port: destination.port ?? null,
        weight: destination.weight ?? null,
        protocol: destination.protocol ?? "http1",
      })
      // The same destination twice in one request is one.
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await recordAuditEvent(db, clock, {
      type: "audit.app.map-route",
      actor,
      target: {
        guid: destination.app.guid,
        type: "app",
        name: names.get(destination.app.guid) ?? "",
      },
      spaceGuid: route.spaceGuid,
      data: { route_guid: route.guid, destination_guid: record.guid, route: routeUrl(route) },
    });
  }
  await db.updateTable("routes").set(touched(clock)).where("guid", "=", route.guid).execute();
}

/** Names of the apps by guid; all must exist in the route's own space. */
async function requireApps(
  db: Executor,
  route: Route,
  wanted: readonly DestinationMessage[],
): Promise<ReadonlyMap<string, string>> {
  const guids = [...new Set(wanted.map((destination) => destination.app.guid))];
  const rows = await db
    .selectFrom("apps")
    .select(["guid", "name", "spaceGuid"])
    .where(isOneOf(sql.ref("apps.guid"), guids))
    .execute();
  const missing = guids.filter((guid) => !rows.some((row) => row.guid === guid));
  if (missing.length > 0) {
    const list = missing.map((guid) => `"${guid}"`).join(", ");
    throw unprocessable(`App(s) with guid(s) ${list} do not exist or you do not have access.`);
  }
  if (rows.some((row) => row.spaceGuid !== route.spaceGuid)) {
    throw unprocessable("Routes cannot be mapped to destinations in different spaces.");
  }
  return new Map(rows.map((row) => [row.guid, row.name]));
}

function isSame(existing: Destination, wanted: DestinationMessage): boolean {
  return (
    existing.appGuid === wanted.app.guid &&
    existing.processType === (wanted.app.process?.type ?? "web") &&
    existing.port === (wanted.port ?? null)
  );
}

function refuseOtherProtocol(existing: Destination, wanted: DestinationMessage): void {
  const protocol = wanted.protocol ?? existing.protocol;
  if (protocol === existing.protocol) return;
  throw unprocessable(
    "Cannot add destination with protocol: " +
      `${protocol}. Destination already exists with protocol: ${existing.protocol}.`,
  );
}
