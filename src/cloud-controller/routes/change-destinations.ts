import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import {
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable, type CfError } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";
import { exceedsPorts, tooManyPorts, type WantedDestination } from "./destinations-message.ts";
import {
  destinationsOf,
  routeUrl,
  spacesOfRoute,
  type Destination,
  type Route,
} from "./find-route.ts";
import { planInsertion, planReplacement, type DestinationPlan } from "./plan-destinations.ts";

interface DestinationChange extends ManifestTrigger {
  readonly clock: Clock;
  readonly actor: Actor;
}

interface WantedDestinations {
  readonly route: Route;
  readonly wanted: readonly WantedDestination[];
}

/** Adds what the route does not lead to yet. The apps whose routes changed are given back, for the runner. */
export async function insertDestinations(
  db: Executor,
  change: DestinationChange,
  { route, wanted }: WantedDestinations,
): Promise<readonly string[]> {
  await requireApps(db, route, wanted);
  const existing = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  const plan = planInsertion(existing, wanted, routeUrl(route));
  return await carryOut(db, change, { route, plan });
}

/** Makes the list the route's whole list. */
export async function replaceDestinations(
  db: Executor,
  change: DestinationChange,
  { route, wanted }: WantedDestinations,
): Promise<readonly string[]> {
  await requireApps(db, route, wanted);
  const existing = (await destinationsOf(db, [route.guid])).get(route.guid) ?? [];
  const plan = planReplacement(existing, wanted);
  return await carryOut(db, change, { route, plan });
}

async function carryOut(
  db: Executor,
  change: DestinationChange,
  { route, plan }: { readonly route: Route; readonly plan: DestinationPlan },
): Promise<readonly string[]> {
  if (!plan.ok) throw unprocessable(plan.fault);
  for (const destination of plan.removed) {
    await removeDestination(db, change, { route, destination });
  }
  for (const destination of plan.added) await add(db, change, { route, destination });
  await refuseTooManyPorts(db, plan.added);
  if (plan.added.length + plan.removed.length > 0) await touch(db, change.clock, route);
  return [...new Set([...plan.removed, ...plan.added].map((destination) => destination.appGuid))];
}

export async function removeDestination(
  db: Executor,
  change: DestinationChange,
  { route, destination }: { readonly route: Route; readonly destination: Destination },
): Promise<void> {
  await db.deleteFrom("destinations").where("guid", "=", destination.guid).execute();
  await touch(db, change.clock, route);
  await recordMapping(db, change, { type: "audit.app.unmap-route", route, destination });
}

async function touch(db: Executor, clock: Clock, route: Route): Promise<void> {
  await db.updateTable("routes").set(touched(clock)).where("guid", "=", route.guid).execute();
}

async function add(
  db: Executor,
  change: DestinationChange,
  { route, destination }: { readonly route: Route; readonly destination: WantedDestination },
): Promise<void> {
  const { appGuid, processType, port, weight } = destination;
  const protocol = destination.protocol === "http2" ? "http2" : "http1";
  const row: Omit<Destination, "id"> = {
    ...newRecord(change.clock),
    routeGuid: route.guid,
    appGuid,
    processType,
    port,
    weight,
    protocol,
  };
  const inserted = await db
    .insertInto("destinations")
    .values(row)
    // Somebody else may have added the same a moment ago.
    .onConflict((conflict) => conflict.doNothing())
    .returning("guid")
    .executeTakeFirst();
  if (inserted === undefined) return;
  await recordMapping(db, change, { type: "audit.app.map-route", route, destination: row });
}

async function recordMapping(
  db: Executor,
  change: DestinationChange,
  {
    type,
    route,
    destination,
  }: {
    readonly type: string;
    readonly route: Route;
    readonly destination: Omit<Destination, "id">;
  },
): Promise<void> {
  const app = await db
    .selectFrom("apps")
    .select(["name", "spaceGuid"])
    .where("guid", "=", destination.appGuid)
    .executeTakeFirst();
  await recordAuditEvent(db, change.clock, {
    type,
    actor: change.actor,
    target: { guid: destination.appGuid, type: "app", name: app?.name ?? "" },
    spaceGuid: app?.spaceGuid ?? route.spaceGuid,
    data: {
      route_guid: route.guid,
      app_port: destination.port,
      route_mapping_guid: destination.guid,
      destination_guid: destination.guid,
      process_type: destination.processType,
      weight: destination.weight,
      protocol: destination.protocol,
      ...(Object.keys(route.options).length === 0 ? {} : { route_options: route.options }),
      ...triggerOf(change),
    },
  });
}

/** All must exist, in the route's space or in one that it is shared with. */
async function requireApps(
  db: Executor,
  route: Route,
  wanted: readonly WantedDestination[],
): Promise<void> {
  const guids = [...new Set(wanted.map((destination) => destination.appGuid))];
  const rows = await db
    .selectFrom("apps")
    .select(["guid", "spaceGuid"])
    .where(isOneOf(sql.ref("apps.guid"), guids))
    .execute();
  const missing = guids.filter((guid) => !rows.some((row) => row.guid === guid));
  if (missing.length > 0) throw appsMissing(missing);
  const spaces = await spacesOfRoute(db, route);
  if (rows.some((row) => !spaces.includes(row.spaceGuid))) {
    throw unprocessable(
      "Routes destinations must be in either the route's space or the route's shared spaces",
    );
  }
}

export function appsMissing(guids: readonly string[]): CfError {
  return unprocessable(`App(s) with guid(s) "${guids.join('", "')}" do not exist.`);
}

/** A process's ports are those that all its routes name. */
async function refuseTooManyPorts(
  db: Executor,
  added: readonly WantedDestination[],
): Promise<void> {
  for (const appGuid of new Set(added.map((destination) => destination.appGuid))) {
    const rows = await db
      .selectFrom("destinations")
      .select(["processType", "port"])
      .distinct()
      .where("appGuid", "=", appGuid)
      .execute();
    for (const ofType of Map.groupBy(rows, (row) => row.processType).values()) {
      if (exceedsPorts(new Set(ofType.map((row) => row.port)))) throw unprocessable(tooManyPorts);
    }
  }
}
