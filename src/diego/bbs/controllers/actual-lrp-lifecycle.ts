import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { instanceKeyOf } from "#diego/models/actual-lrp-codec.ts";
import {
  claim,
  crash,
  createRunning,
  fail,
  remove,
  sameInstance,
  start,
  type Refused,
  type StartedInstance,
} from "#diego/models/actual-lrp-transitions.ts";
import type { ActualLrp, ActualLrpInstanceKey, ActualLrpKey } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { lrpStartRequest, type Auctions } from "../auctions.ts";
import type { ConvergenceSignal } from "../convergence/convergence-signal.ts";
import {
  actualLrp,
  deleteActualLrp,
  insertActualLrp,
  replaceActualLrp,
} from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { desiredLrp, isDesired } from "../store/desired-lrp-table.ts";
import type { Changes, SingleWriter } from "../store/single-writer.ts";

interface ActualLrpLifecycleOptions {
  readonly clock: Clock;
  readonly guids: GuidSource;
  readonly writer: SingleWriter;
  readonly auctions: Auctions;
  readonly convergence: ConvergenceSignal;
}

/** An index of a process; what a claim and a removal name, whose messages carry no domain. */
export type InstanceIndex = Pick<ActualLrpKey, "processGuid" | "index">;

/** What cells and the auctioneer report of instances. All of it concerns the index's ordinary row, unless said here. */
export class ActualLrpLifecycle {
  readonly #options: ActualLrpLifecycleOptions;

  constructor(options: ActualLrpLifecycleOptions) {
    this.#options = options;
  }

  async claim(index: InstanceIndex, instanceKey: ActualLrpInstanceKey): Promise<void> {
    await this.#options.writer.write(async (tx, changes) => {
      if (await suspectOf(tx, index, instanceKey)) return;
      const before = await ordinaryRow(tx, index);
      const transition = claim(before, instanceKey, this.#options.clock.now());
      if (transition.kind === "refused") throw refusal(transition);
      if (transition.kind === "changed") await change(tx, changes, before, transition.lrp);
    });
  }

  /** The evacuating and the suspect row of the index go once the ordinary one is RUNNING, in the same transaction. */
  async start(key: ActualLrpKey, started: StartedInstance): Promise<void> {
    const { clock, guids, writer } = this.#options;
    await writer.write(async (tx, changes) => {
      // Its cell is back before convergence has promoted it: that will.
      if (await suspectOf(tx, key, started.instanceKey)) return;
      const before = await actualLrp(tx, key, "ORDINARY");
      if (before === undefined) {
        const lrp = createRunning(key, started, guids(), clock.now());
        await insertActualLrp(tx, lrp);
        changes.lrpEvents.push({ kind: "actual_lrp_instance_created", actualLrp: lrp });
      } else {
        const transition = start(before, started, clock.now());
        if (transition.kind === "refused") throw refusal(transition);
        if (transition.kind === "changed") await change(tx, changes, before, transition.lrp);
      }
      for (const presence of ["EVACUATING", "SUSPECT"] as const) {
        const replaced = await actualLrp(tx, key, presence);
        if (replaced !== undefined) await removeRow(tx, changes, replaced);
      }
    });
  }

  async crash(key: ActualLrpKey, instanceKey: ActualLrpInstanceKey, reason: string): Promise<void> {
    const { clock, writer, auctions } = this.#options;
    const startRequest = await writer.write(async (tx, changes) => {
      const suspect = await suspectOf(tx, key, instanceKey);
      if (suspect !== undefined) {
        await removeRow(tx, changes, suspect);
        return undefined;
      }
      const before = await ordinaryRow(tx, key);
      const transition = crash(before, instanceKey, reason, clock.now());
      if (transition.kind === "refused") throw refusal(transition);
      const { lrp } = transition;
      changes.lrpEvents.push({
        kind: "actual_lrp_crashed",
        key: lrp.key,
        instanceKey,
        crashCount: lrp.crashCount,
        crashReason: lrp.crashReason,
        since: lrp.since,
      });
      if (transition.kind === "crashed") {
        await change(tx, changes, before, lrp);
        return undefined;
      }
      await releaseRow(tx, changes, before, lrp);
      const desired = await desiredLrp(tx, key.processGuid);
      return desired === undefined ? undefined : lrpStartRequest(desired, [key.index]);
    });
    if (startRequest !== undefined) auctions.requestLrps([startRequest]);
  }

  async fail(index: InstanceIndex, placementError: string): Promise<void> {
    await this.#options.writer.write(async (tx, changes) => {
      const before = await ordinaryRow(tx, index);
      const transition = fail(before, placementError, this.#options.clock.now());
      if (transition.kind === "refused") throw refusal(transition);
      if (transition.kind === "changed") await change(tx, changes, before, transition.lrp);
    });
  }

  /** A stopped container takes its row with it, be it the suspect one. */
  async remove(index: InstanceIndex, instanceKey: ActualLrpInstanceKey | undefined): Promise<void> {
    const { writer, convergence } = this.#options;
    const isMissed = await writer.write(async (tx, changes) => {
      const suspect =
        instanceKey === undefined ? undefined : await suspectOf(tx, index, instanceKey);
      if (suspect !== undefined) {
        await removeRow(tx, changes, suspect);
        return false;
      }
      const row = await ordinaryRow(tx, index);
      const removal = remove(row, instanceKey);
      if (removal.kind === "refused") throw refusal(removal);
      await removeRow(tx, changes, row);
      return isDesired(tx, index);
    });
    if (isMissed) convergence.ask("instance-removed");
  }
}

function refusal({ type, message }: Refused): BbsError {
  return new BbsError(type, message);
}

/** @throws {BbsError} ResourceNotFound */
export async function ordinaryRow(tx: BbsDatabase, index: InstanceIndex): Promise<ActualLrp> {
  const row = await actualLrp(tx, index, "ORDINARY");
  if (row === undefined) {
    throw new BbsError(
      "ResourceNotFound",
      `There is no instance ${index.index} of "${index.processGuid}"`,
    );
  }
  return row;
}

async function suspectOf(
  tx: BbsDatabase,
  index: InstanceIndex,
  instanceKey: ActualLrpInstanceKey,
): Promise<ActualLrp | undefined> {
  const suspect = await actualLrp(tx, index, "SUSPECT");
  const holder = suspect === undefined ? undefined : instanceKeyOf(suspect);
  return holder !== undefined && sameInstance(holder, instanceKey) ? suspect : undefined;
}

export async function change(
  tx: BbsDatabase,
  changes: Changes,
  before: ActualLrp,
  after: ActualLrp,
): Promise<void> {
  await replaceActualLrp(tx, before, after);
  changes.lrpEvents.push({ kind: "actual_lrp_instance_changed", before, after });
}

/** The instance that held the row is gone and the row waits for another: told as a new row and a removed one. */
export async function releaseRow(
  tx: BbsDatabase,
  changes: Changes,
  before: ActualLrp,
  after: ActualLrp,
): Promise<void> {
  await replaceActualLrp(tx, before, after);
  changes.lrpEvents.push(
    { kind: "actual_lrp_instance_created", actualLrp: after },
    { kind: "actual_lrp_instance_removed", actualLrp: before },
  );
}

export async function removeRow(tx: BbsDatabase, changes: Changes, row: ActualLrp): Promise<void> {
  await deleteActualLrp(tx, row);
  changes.lrpEvents.push({ kind: "actual_lrp_instance_removed", actualLrp: row });
}
