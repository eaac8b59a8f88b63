import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { createUnclaimed } from "#diego/models/actual-lrp-transitions.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { validateDesiredLrp, validateDesiredLrpUpdate } from "#diego/models/desire-validation.ts";
import type { DesiredLrp, DesiredLrpRequest, DesiredLrpUpdate } from "#diego/models/desired-lrp.ts";
import { incremented } from "#diego/models/modification-tag.ts";
import { lrpStartRequest, type Auctions } from "../auctions.ts";
import { actualLrp, actualLrps, chunksOf, insertActualLrp } from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import {
  deleteDesiredLrp,
  desiredLrp,
  insertDesiredLrp,
  replaceDesiredLrp,
} from "../store/desired-lrp-table.ts";
import type { Changes, SingleWriter } from "../store/single-writer.ts";
import type { ActualLrpRetirement } from "./actual-lrp-retirement.ts";
import { haveSameTags, updateInstances, type InstanceUpdatesOptions } from "./instance-updates.ts";

interface DesiredLrpOperationsOptions extends InstanceUpdatesOptions {
  readonly clock: Clock;
  readonly guids: GuidSource;
  readonly writer: SingleWriter;
  readonly auctions: Auctions;
  readonly retirement: ActualLrpRetirement;
}

/** Rows a transaction creates: a subscriber must have the time to drain its buffer between two of them. */
const rowsPerTransaction = 200;

/** What Cloud Controller wants to run. Indices are 0 to instances-1 without gaps; the highest go first. */
export class DesiredLrpOperations {
  readonly #options: DesiredLrpOperationsOptions;

  constructor(options: DesiredLrpOperationsOptions) {
    this.#options = options;
  }

  /** @throws {BbsError} InvalidRequest, ResourceExists */
  async desire(request: DesiredLrpRequest): Promise<void> {
    validateDesiredLrp(request);
    const { writer, guids } = this.#options;
    const lrp: DesiredLrp = { ...request, modificationTag: { epoch: guids(), index: 0 } };
    await writer.write(async (tx, changes) => {
      await insertDesiredLrp(tx, lrp);
      changes.lrpEvents.push({ kind: "desired_lrp_created", desiredLrp: lrp });
    });
    await this.#createInstances(lrp, 0, lrp.instances);
  }

  /** @throws {BbsError} InvalidRequest, ResourceNotFound */
  async update(processGuid: string, update: DesiredLrpUpdate): Promise<void> {
    validateDesiredLrpUpdate(update);
    const { before, after } = await this.#options.writer.write(async (tx, changes) => {
      const lrp = await existing(tx, processGuid);
      const updated: DesiredLrp = {
        ...lrp,
        ...update,
        modificationTag: incremented(lrp.modificationTag),
      };
      await replaceDesiredLrp(tx, lrp, updated);
      changes.lrpEvents.push({ kind: "desired_lrp_changed", before: lrp, after: updated });
      return { before: lrp, after: updated };
    });
    if (!haveSameTags(before, after)) updateInstances(this.#options, after);
    await this.#createInstances(after, before.instances, after.instances);
    if (after.instances < before.instances) await this.#retireFrom(processGuid, after.instances);
  }

  /** @throws {BbsError} ResourceNotFound */
  async remove(processGuid: string): Promise<void> {
    await this.#options.writer.write(async (tx, changes) => {
      const lrp = await existing(tx, processGuid);
      await deleteDesiredLrp(tx, processGuid);
      changes.lrpEvents.push({ kind: "desired_lrp_removed", desiredLrp: lrp });
    });
    await this.#retireFrom(processGuid, 0);
  }

  /** Makes the rows that are not there and asks for exactly these, in one auction. */
  async #createInstances(lrp: DesiredLrp, from: number, to: number): Promise<void> {
    const { writer, auctions } = this.#options;
    const indices = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    const created: number[] = [];
    for (const chunk of chunksOf(indices, rowsPerTransaction)) {
      created.push(
        ...(await writer.write((tx, changes) => this.#createRows(tx, changes, lrp, chunk))),
      );
    }
    auctions.requestLrps([lrpStartRequest(lrp, created)]);
  }

  async #createRows(
    tx: BbsDatabase,
    changes: Changes,
    lrp: DesiredLrp,
    indices: readonly number[],
  ): Promise<number[]> {
    const { clock, guids } = this.#options;
    const created: number[] = [];
    for (const index of indices) {
      const key = { processGuid: lrp.processGuid, index, domain: lrp.domain };
      if ((await actualLrp(tx, key, "ORDINARY")) !== undefined) continue;
      const row = createUnclaimed(key, guids(), clock.now());
      await insertActualLrp(tx, row);
      changes.lrpEvents.push({ kind: "actual_lrp_instance_created", actualLrp: row });
      created.push(index);
    }
    return created;
  }

  async #retireFrom(processGuid: string, firstIndex: number): Promise<void> {
    const { db, retirement } = this.#options;
    const rows = await actualLrps(db, { processGuid });
    for (const { key } of rows) {
      if (key.index >= firstIndex) await retirement.retireUndesired(key);
    }
  }
}

async function existing(tx: BbsDatabase, processGuid: string): Promise<DesiredLrp> {
  const lrp = await desiredLrp(tx, processGuid);
  if (lrp === undefined) {
    throw new BbsError("ResourceNotFound", `There is no DesiredLRP "${processGuid}"`);
  }
  return lrp;
}
