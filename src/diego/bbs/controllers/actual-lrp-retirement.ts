import type { Logger } from "#kernel/log/logger.ts";
import { retire } from "#diego/models/actual-lrp-transitions.ts";
import type { ActualLrp, ActualLrpInstanceKey } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { instanceKeyOf } from "#diego/models/actual-lrp-codec.ts";
import type { RepClientFactory } from "#diego/cell/rep/client.ts";
import type { BackgroundWork } from "../background-work.ts";
import type { CellPresences } from "../cell-presences.ts";
import type { ConvergenceSignal } from "../convergence/convergence-signal.ts";
import { actualLrp } from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { isDesired } from "../store/desired-lrp-table.ts";
import type { Changes, SingleWriter } from "../store/single-writer.ts";
import { ordinaryRow, removeRow, type InstanceIndex } from "./actual-lrp-lifecycle.ts";

const attempts = 5;

interface ActualLrpRetirementOptions {
  readonly logger: Logger;
  readonly writer: SingleWriter;
  readonly cells: CellPresences;
  readonly convergence: ConvergenceSignal;
  readonly repClient: RepClientFactory;
  readonly background: BackgroundWork;
}

/**
 * Ends instances on purpose. A row that no cell holds is deleted here and now, and so is one whose cell is missing;
 * else its cell is asked to stop the container and takes the row away by reporting that.
 */
export class ActualLrpRetirement {
  readonly #options: ActualLrpRetirementOptions;

  constructor(options: ActualLrpRetirementOptions) {
    this.#options = options;
  }

  /** @throws {BbsError} ResourceNotFound where the index has no ordinary row; Unknown where its cell does not answer. */
  async retire(index: InstanceIndex): Promise<void> {
    const holder = await this.#deleteUnlessHeld(index);
    if (holder !== undefined) await this.#stop(index, holder, attempts);
  }

  /**
   * Retires an index unless it is desired (again), or gone already. Deletes a row that no cell holds before it
   * resolves; does not wait for a cell to stop the instance.
   */
  async retireUndesired(index: InstanceIndex): Promise<void> {
    const holder = await this.#options.writer.write(async (tx, changes) => {
      const row = await actualLrp(tx, index, "ORDINARY");
      if (row === undefined || (await isDesired(tx, index))) return undefined;
      return this.#deleteUnlessHeldRow(tx, changes, row);
    });
    if (holder === undefined) return;
    this.#options.background.run("stop-lrp-instance", () => this.#stop(index, holder, 1));
  }

  async #deleteUnlessHeld(index: InstanceIndex): Promise<ActualLrpInstanceKey | undefined> {
    const { writer, convergence } = this.#options;
    const { holder, isMissed } = await writer.write(async (tx, changes) => {
      const row = await ordinaryRow(tx, index);
      const instanceKey = await this.#deleteUnlessHeldRow(tx, changes, row);
      return { holder: instanceKey, isMissed: await isDesired(tx, index) };
    });
    if (holder === undefined && isMissed) convergence.ask("instance-retired");
    return holder;
  }

  async #deleteUnlessHeldRow(
    tx: BbsDatabase,
    changes: Changes,
    row: ActualLrp,
  ): Promise<ActualLrpInstanceKey | undefined> {
    const holder = instanceKeyOf(row);
    if (retire(row).kind === "stop" && holder !== undefined && !this.#isGone(holder.cellId)) {
      return holder;
    }
    await removeRow(tx, changes, row);
    return undefined;
  }

  #isGone(cellId: string): boolean {
    const { present, isComplete } = this.#options.cells.cellSet();
    return isComplete && !present.has(cellId);
  }

  async #stop(
    index: InstanceIndex,
    holder: ActualLrpInstanceKey,
    remainingAttempts: number,
  ): Promise<void> {
    const cell = this.#options.cells.cell(holder.cellId);
    if (cell === undefined) {
      throw new BbsError("Unknown", `Cannot stop ${named(index)}: no word of "${holder.cellId}"`);
    }
    try {
      await this.#options
        .repClient(cell.repUrl)
        .stopLrpInstance(index.processGuid, holder.instanceGuid);
    } catch (cause) {
      if (remainingAttempts > 1) return this.#stop(index, holder, remainingAttempts - 1);
      const message = `Cannot stop ${named(index)}: cell "${holder.cellId}" does not do it`;
      throw new BbsError("Unknown", message, { cause });
    }
  }
}

function named({ index, processGuid }: InstanceIndex): string {
  return `instance ${index} of "${processGuid}"`;
}
