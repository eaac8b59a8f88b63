import type { BbsClient } from "#diego/bbs/client.ts";
import type { CellState, RepClientFactory, Work } from "#diego/cell/rep/client.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import type { CellPresence } from "#diego/models/cell-presence.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { currentRequestId, forRequest } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { schedule, type AuctionBatch, type LrpAuction } from "./schedule.ts";
import type { Unplaced } from "./unplaced.ts";
import type { WaitingLine } from "./waiting-line.ts";

export interface RoundParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bbs: Pick<BbsClient, "cells" | "failActualLrp" | "rejectTask">;
  readonly repClient: RepClientFactory;
  readonly startingContainerCountMaximum: number;
  readonly cellStateTimeoutMs: number;
  readonly unplaced: Unplaced;
  readonly line: WaitingLine;
}

export interface RoundReport {
  readonly cells: number;
  readonly placed: number;
  readonly failed: number;
}

interface CellAnswer {
  readonly presence: CellPresence;
  readonly state: CellState;
}

/**
 * One round: ask every cell what it has, decide, hand the work out, tell the BBS what found no place. What waits for
 * room since an earlier round takes part.
 *
 * @throws where the cells cannot be listed; the batch is then untouched.
 */
export async function holdRound(
  parts: RoundParts,
  asked: AuctionBatch,
  signal: AbortSignal,
): Promise<RoundReport> {
  const batch = parts.unplaced.joined(asked, parts.clock.now());
  const presences = await parts.bbs.cells();
  const answers = (
    await Promise.all(presences.map((presence) => askCell(parts, presence, signal)))
  ).filter((answer) => answer !== undefined);
  const cells = answers.map((answer) => answer.state);
  const result = schedule(
    {
      cells,
      runningOf: parts.line.runningOf(cells, batch.tasks),
      startingContainerCountMaximum: parts.startingContainerCountMaximum,
    },
    batch,
  );
  const repUrls = new Map(answers.map(({ presence }) => [presence.cellId, presence.repUrl]));
  const returned = await Promise.all(
    result.work.map((work) => handOut(parts, repUrls.get(work.cellId), work)),
  );
  // A cell hands back what does not fit any more: something else has come between its answer and the work.
  const placementError = "insufficient resources";
  const failedLrps = [
    ...result.failedLrps,
    ...returned.flatMap((work) => work.lrps.map((lrp) => ({ lrp, placementError }))),
  ];
  const failedTasks = [
    ...result.failedTasks,
    ...returned.flatMap((work) =>
      work.tasks.map((task) => ({ task, placementError, waits: true })),
    ),
  ];
  parts.line.tell(failedTasks.filter(({ waits }) => waits).map(({ task }) => task));
  const news = parts.unplaced.settle({ failedLrps, failedTasks }, asked, parts.clock.now());
  const roundId = currentRequestId();
  await Promise.all([
    ...news.failedLrps.map(({ lrp, placementError: error }) =>
      forRequest(lrp.requestId ?? roundId, () => reportLrp(parts, lrp, error)),
    ),
    ...news.failedTasks.map(({ task, placementError: error }) =>
      forRequest(task.requestId ?? roundId, () => reportTask(parts, task.taskGuid, error)),
    ),
  ]);
  const failed = failedLrps.length + failedTasks.length;
  return {
    cells: answers.length,
    placed: batch.lrps.length + batch.tasks.length - failed,
    failed,
  };
}

/** Undefined for a cell that is to get no work: silent, evacuating, or another than its presence says. */
async function askCell(
  parts: RoundParts,
  presence: CellPresence,
  signal: AbortSignal,
): Promise<CellAnswer | undefined> {
  const { clock, cellStateTimeoutMs: ms } = parts;
  try {
    const state = await withDeadline({ clock, ms, signal }, (deadline) =>
      parts.repClient(presence.repUrl).state(deadline),
    );
    if (state.cellId !== presence.cellId) {
      parts.logger.warn("cell-is-another", { presence: presence.cellId, state: state.cellId });
      return undefined;
    }
    return state.evacuating ? undefined : { presence, state };
  } catch (error) {
    signal.throwIfAborted();
    parts.logger.warn("cell-state-failed", { cellId: presence.cellId, error });
    return undefined;
  }
}

/** What the cell gave back. An error on the way is no failure of the work: it may have been taken, convergence sees. */
async function handOut(
  parts: RoundParts,
  repUrl: string | undefined,
  work: Work,
): Promise<Pick<Work, "lrps" | "tasks">> {
  if (repUrl === undefined) return work;
  try {
    return await parts.repClient(repUrl).work(work);
  } catch (error) {
    parts.logger.warn("work-not-confirmed", { cellId: work.cellId, error });
    return { lrps: [], tasks: [] };
  }
}

async function reportLrp(parts: RoundParts, lrp: LrpAuction, error: string): Promise<void> {
  const { processGuid, index, domain } = lrp;
  parts.logger.info("lrp-not-placed", { processGuid, index, placementError: error });
  await report(parts, () => parts.bbs.failActualLrp({ processGuid, index, domain }, error));
}

async function reportTask(parts: RoundParts, taskGuid: string, error: string): Promise<void> {
  parts.logger.info("task-not-placed", { taskGuid, placementError: error });
  await report(parts, () => parts.bbs.rejectTask(taskGuid, error));
}

/** The row may have moved on (claimed, retired, cancelled), or the BBS be away: convergence asks again in any case. */
async function report(parts: RoundParts, send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof BbsError)) throw error;
    parts.logger.info("placement-failure-refused", { type: error.type, error: error.message });
  }
}
