import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { z } from "zod";
import { BbsError } from "#diego/models/bbs-error.ts";
import { decodeDesiredLrp, encodeDesiredLrp } from "#diego/models/desired-lrp-codec.ts";
import type { DesiredLrp, DesiredLrpSchedulingInfo } from "#diego/models/desired-lrp.ts";
import { DesiredLRPSchema } from "#diego/models/proto/desired_lrp_pb.js";
import { chunksOf } from "./actual-lrp-table.ts";
import type { BbsDatabase, DesiredLrpsRow } from "./bbs-schema.ts";

export interface DesiredLrpFilter {
  readonly domain?: string;
  /** Absent or empty: all. */
  readonly processGuids?: readonly string[];
}

export async function desiredLrps(
  db: BbsDatabase,
  filter: DesiredLrpFilter,
): Promise<DesiredLrp[]> {
  const lrps: DesiredLrp[] = [];
  for (const processGuids of filterChunks(filter)) {
    let query = db.selectFrom("desiredLrps").select("definition").orderBy("processGuid");
    if (processGuids !== undefined) query = query.where("processGuid", "in", processGuids);
    if (filter.domain !== undefined) query = query.where("domain", "=", filter.domain);
    lrps.push(...(await query.execute()).map(toDesiredLrp));
  }
  return lrps;
}

export async function desiredLrp(
  db: BbsDatabase,
  processGuid: string,
): Promise<DesiredLrp | undefined> {
  const row = await db
    .selectFrom("desiredLrps")
    .select("definition")
    .where("processGuid", "=", processGuid)
    .executeTakeFirst();
  return row === undefined ? undefined : toDesiredLrp(row);
}

/** Whether the index is one of those that should run. */
export async function isDesired(
  db: BbsDatabase,
  { processGuid, index }: { readonly processGuid: string; readonly index: number },
): Promise<boolean> {
  const row = await db
    .selectFrom("desiredLrps")
    .select("instances")
    .where("processGuid", "=", processGuid)
    .executeTakeFirst();
  return row !== undefined && index < row.instances;
}

export async function schedulingInfos(
  db: BbsDatabase,
  filter: DesiredLrpFilter,
): Promise<DesiredLrpSchedulingInfo[]> {
  const infos: DesiredLrpSchedulingInfo[] = [];
  for (const processGuids of filterChunks(filter)) {
    let query = db.selectFrom("desiredLrps").select(schedulingColumns).orderBy("processGuid");
    if (processGuids !== undefined) query = query.where("processGuid", "in", processGuids);
    if (filter.domain !== undefined) query = query.where("domain", "=", filter.domain);
    infos.push(...(await query.execute()).map(toSchedulingInfo));
  }
  return infos;
}

/** @throws {BbsError} ResourceExists */
export async function insertDesiredLrp(db: BbsDatabase, lrp: DesiredLrp): Promise<void> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto("desiredLrps")
    .values(toRow(lrp))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new BbsError("ResourceExists", `DesiredLRP "${lrp.processGuid}" exists already`);
  }
}

/** Compare-and-set on the modification tag. @throws {BbsError} ResourceConflict */
export async function replaceDesiredLrp(
  db: BbsDatabase,
  before: DesiredLrp,
  after: DesiredLrp,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable("desiredLrps")
    .set(toRow(after))
    .where("processGuid", "=", before.processGuid)
    .where("epoch", "=", before.modificationTag.epoch)
    .where("modificationIndex", "=", before.modificationTag.index)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new BbsError(
      "ResourceConflict",
      `DesiredLRP "${before.processGuid}" has changed meanwhile`,
    );
  }
}

export async function deleteDesiredLrp(db: BbsDatabase, processGuid: string): Promise<void> {
  await db.deleteFrom("desiredLrps").where("processGuid", "=", processGuid).execute();
}

const maxBoundValues = 1_000;

/** The guids to select by, a statement's worth at a time; one undefined where the filter names none. */
function filterChunks({ processGuids }: DesiredLrpFilter): readonly (string[] | undefined)[] {
  if (processGuids === undefined || processGuids.length === 0) return [undefined];
  return chunksOf(processGuids, maxBoundValues);
}

const schedulingColumns = [
  "processGuid",
  "domain",
  "logGuid",
  "annotation",
  "instances",
  "memoryMb",
  "diskMb",
  "maxPids",
  "rootFs",
  "routes",
  "epoch",
  "modificationIndex",
  "placementTags",
] as const satisfies readonly (keyof DesiredLrpsRow)[];

const routesColumn = z.record(z.string(), z.string());
const placementTagsColumn = z.array(z.string());

function toSchedulingInfo(
  row: Pick<DesiredLrpsRow, (typeof schedulingColumns)[number]>,
): DesiredLrpSchedulingInfo {
  return {
    processGuid: row.processGuid,
    domain: row.domain,
    logGuid: row.logGuid,
    annotation: row.annotation,
    instances: row.instances,
    memoryMb: row.memoryMb,
    diskMb: row.diskMb,
    maxPids: row.maxPids,
    rootFs: row.rootFs,
    routes: routesColumn.parse(JSON.parse(row.routes)),
    modificationTag: { epoch: row.epoch, index: row.modificationIndex },
    placementTags: placementTagsColumn.parse(JSON.parse(row.placementTags)),
  };
}

function toDesiredLrp({ definition }: Pick<DesiredLrpsRow, "definition">): DesiredLrp {
  return decodeDesiredLrp(fromBinary(DesiredLRPSchema, definition));
}

function toRow(lrp: DesiredLrp): DesiredLrpsRow {
  return {
    processGuid: lrp.processGuid,
    domain: lrp.domain,
    instances: lrp.instances,
    epoch: lrp.modificationTag.epoch,
    modificationIndex: lrp.modificationTag.index,
    logGuid: lrp.logGuid,
    annotation: lrp.annotation,
    memoryMb: lrp.memoryMb,
    diskMb: lrp.diskMb,
    maxPids: lrp.maxPids,
    rootFs: lrp.rootFs,
    routes: JSON.stringify(lrp.routes),
    placementTags: JSON.stringify(lrp.placementTags),
    definition: toBinary(DesiredLRPSchema, create(DesiredLRPSchema, encodeDesiredLrp(lrp))),
  };
}
