import { z } from "zod";
import { sql } from "kysely";
import type { ActualLrp, ActualLrpState, Presence } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { fromMilliseconds } from "#kernel/clock/clock.ts";
import type { ActualLrpsRow, BbsDatabase } from "./bbs-schema.ts";

export interface ActualLrpFilter {
  readonly domain?: string;
  readonly cellId?: string;
  readonly processGuid?: string;
  readonly index?: number;
}

export async function actualLrps(db: BbsDatabase, filter: ActualLrpFilter): Promise<ActualLrp[]> {
  let query = db.selectFrom("actualLrps").selectAll();
  if (filter.domain !== undefined) query = query.where("domain", "=", filter.domain);
  if (filter.cellId !== undefined) query = query.where("cellId", "=", filter.cellId);
  if (filter.processGuid !== undefined) query = query.where("processGuid", "=", filter.processGuid);
  if (filter.index !== undefined) query = query.where("instanceIndex", "=", filter.index);
  query = query.orderBy("processGuid").orderBy("instanceIndex").orderBy("presence");
  return (await query.execute()).map(toActualLrp);
}

export async function actualLrpsByProcessGuids(
  db: BbsDatabase,
  processGuids: readonly string[],
): Promise<ActualLrp[]> {
  const lrps: ActualLrp[] = [];
  for (const chunk of chunksOf(processGuids, maxBoundValues)) {
    const rows = await db
      .selectFrom("actualLrps")
      .selectAll()
      .where("processGuid", "in", chunk)
      .execute();
    lrps.push(...rows.map(toActualLrp));
  }
  return lrps;
}

/** One parameter however many there are, and only the columns that a state is made of. */
export async function actualLrpStates(
  db: BbsDatabase,
  processGuids: readonly string[],
): Promise<ActualLrpState[]> {
  const asked = sql<string>`(select value from json_each(${JSON.stringify(processGuids)}))`;
  const rows = await db
    .selectFrom("actualLrps")
    .select(["processGuid", "instanceIndex", "state", "since", "routable", "placementError"])
    .where("processGuid", "in", asked)
    .execute();
  return rows.map(toActualLrpState);
}

export async function actualLrp(
  db: BbsDatabase,
  key: { readonly processGuid: string; readonly index: number },
  presence: Presence,
): Promise<ActualLrp | undefined> {
  const row = await db
    .selectFrom("actualLrps")
    .selectAll()
    .where("processGuid", "=", key.processGuid)
    .where("instanceIndex", "=", key.index)
    .where("presence", "=", presence)
    .executeTakeFirst();
  return row === undefined ? undefined : toActualLrp(row);
}

/** @throws {BbsError} ResourceExists where the index has a row of that presence. */
export async function insertActualLrp(db: BbsDatabase, lrp: ActualLrp): Promise<void> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("actualLrps")
    .values(toRow(lrp))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new BbsError("ResourceExists", `${described(lrp)} exists already`);
  }
}

/** Compare-and-set: writes `after` over the row that still is `before`. @throws {BbsError} ResourceConflict */
export async function replaceActualLrp(
  db: BbsDatabase,
  before: ActualLrp,
  after: ActualLrp,
): Promise<void> {
  if (after.presence !== before.presence) {
    const taken = await actualLrp(db, after.key, after.presence);
    if (taken !== undefined) throw changedMeanwhile(taken);
  }
  const { numUpdatedRows } = await db
    .updateTable("actualLrps")
    .set(toRow(after))
    .where("processGuid", "=", before.key.processGuid)
    .where("instanceIndex", "=", before.key.index)
    .where("presence", "=", before.presence)
    .where("epoch", "=", before.modificationTag.epoch)
    .where("modificationIndex", "=", before.modificationTag.index)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw changedMeanwhile(before);
}

/** Compare-and-set, as `replaceActualLrp`. @throws {BbsError} ResourceConflict */
export async function deleteActualLrp(db: BbsDatabase, lrp: ActualLrp): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom("actualLrps")
    .where("processGuid", "=", lrp.key.processGuid)
    .where("instanceIndex", "=", lrp.key.index)
    .where("presence", "=", lrp.presence)
    .where("epoch", "=", lrp.modificationTag.epoch)
    .where("modificationIndex", "=", lrp.modificationTag.index)
    .executeTakeFirst();
  if (numDeletedRows !== 1n) throw changedMeanwhile(lrp);
}

function changedMeanwhile(lrp: ActualLrp): BbsError {
  return new BbsError("ResourceConflict", `${described(lrp)} has changed meanwhile`);
}

function described(lrp: ActualLrp): string {
  return `${lrp.presence} row of instance ${lrp.key.index} of "${lrp.key.processGuid}"`;
}

/** SQLite takes 32,766 bound values in a statement; well below keeps statements small. */
const maxBoundValues = 1_000;

export function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}

const netInfoColumn = z.object({
  address: z.string(),
  ports: z.array(z.object({ containerPort: z.number(), hostPort: z.number() })),
  instanceAddress: z.string(),
  preferredAddress: z.enum(["UNKNOWN", "INSTANCE", "HOST"]),
});
const metricTagsColumn = z.record(z.string(), z.string());
const presenceColumn = z.enum(["ORDINARY", "EVACUATING", "SUSPECT"]);

function toActualLrp(row: ActualLrpsRow): ActualLrp {
  const base = {
    key: { processGuid: row.processGuid, index: row.instanceIndex, domain: row.domain },
    crashCount: row.crashCount,
    crashReason: row.crashReason,
    since: fromMilliseconds(row.since),
    modificationTag: { epoch: row.epoch, index: row.modificationIndex },
    presence: presenceColumn.parse(row.presence),
  };
  const instanceKey = { instanceGuid: row.instanceGuid, cellId: row.cellId };
  switch (row.state) {
    case "UNCLAIMED":
      return { ...base, state: "UNCLAIMED", placementError: row.placementError };
    case "CLAIMED":
      return { ...base, state: "CLAIMED", instanceKey };
    case "RUNNING":
      return {
        ...base,
        state: "RUNNING",
        instanceKey,
        netInfo: netInfoColumn.parse(JSON.parse(row.netInfo)),
        metricTags: metricTagsColumn.parse(JSON.parse(row.metricTags)),
        routable: row.routable === 1,
      };
    case "CRASHED":
      return { ...base, state: "CRASHED" };
    default:
      throw unknownState(row);
  }
}

function toActualLrpState(row: StateRow): ActualLrpState {
  const base = {
    key: { processGuid: row.processGuid, index: row.instanceIndex },
    since: fromMilliseconds(row.since),
  };
  switch (row.state) {
    case "UNCLAIMED":
      return { ...base, state: "UNCLAIMED", placementError: row.placementError };
    case "RUNNING":
      return { ...base, state: "RUNNING", routable: row.routable === 1 };
    case "CLAIMED":
    case "CRASHED":
      return { ...base, state: row.state };
    default:
      throw unknownState(row);
  }
}

type StateRow = Pick<
  ActualLrpsRow,
  "processGuid" | "instanceIndex" | "state" | "since" | "routable" | "placementError"
>;

function unknownState({ state }: Pick<ActualLrpsRow, "state">): BbsError {
  return new BbsError("Unrecoverable", `Row of actual_lrps in unknown state "${state}"`);
}

function toRow(lrp: ActualLrp): ActualLrpsRow {
  const holder = lrp.state === "CLAIMED" || lrp.state === "RUNNING" ? lrp.instanceKey : undefined;
  return {
    processGuid: lrp.key.processGuid,
    instanceIndex: lrp.key.index,
    presence: lrp.presence,
    domain: lrp.key.domain,
    state: lrp.state,
    instanceGuid: holder?.instanceGuid ?? "",
    cellId: holder?.cellId ?? "",
    netInfo: lrp.state === "RUNNING" ? JSON.stringify(lrp.netInfo) : "",
    metricTags: lrp.state === "RUNNING" ? JSON.stringify(lrp.metricTags) : "",
    routable: lrp.state === "RUNNING" && lrp.routable ? 1 : 0,
    placementError: lrp.state === "UNCLAIMED" ? lrp.placementError : "",
    crashCount: lrp.crashCount,
    crashReason: lrp.crashReason,
    since: lrp.since.getTime(),
    epoch: lrp.modificationTag.epoch,
    modificationIndex: lrp.modificationTag.index,
  };
}
