import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { createUnclaimed, unclaim, withPresence } from "#diego/models/actual-lrp-transitions.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { lrpStartRequest, type Auctions } from "../auctions.ts";
import type { CellPresences } from "../cell-presences.ts";
import { change, releaseRow, removeRow } from "../controllers/actual-lrp-lifecycle.ts";
import type { ActualLrpRetirement } from "../controllers/actual-lrp-retirement.ts";
import { actualLrps, deleteActualLrp, insertActualLrp } from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { isDesired, schedulingInfos } from "../store/desired-lrp-table.ts";
import { freshDomains, pruneDomains } from "../store/domain-table.ts";
import type { Changes, SingleWriter } from "../store/single-writer.ts";
import { planLrpConvergence, type LrpDecision, type LrpIndex } from "./plan-lrp-convergence.ts";

interface LrpConvergenceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guids: GuidSource;
  readonly writer: SingleWriter;
  readonly cells: CellPresences;
  readonly upSince: Date;
  readonly auctions: Auctions;
  readonly retirement: ActualLrpRetirement;
}

/** How many decisions of each kind a pass took. */
export type DecisionCounts = Readonly<Record<string, number>>;

/** One pass: gathers the facts, plans, acts. All auctions of a pass go out in one request. */
export async function convergeLrps(
  options: LrpConvergenceOptions,
  signal: AbortSignal,
): Promise<DecisionCounts> {
  const { auctions } = options;
  const facts = await gatherFacts(options);
  const decisions = planLrpConvergence(facts);
  const toPlace = new Map<string, number[]>();
  const counts: Record<string, number> = {};
  for (const decision of decisions) {
    signal.throwIfAborted();
    const place = await act(decision, options);
    if (place !== undefined) {
      const indices = toPlace.get(place.processGuid) ?? [];
      toPlace.set(place.processGuid, indices);
      indices.push(place.index);
    }
    counts[decision.kind] = (counts[decision.kind] ?? 0) + 1;
  }
  auctions.requestLrps(
    facts.desired.map((info) => lrpStartRequest(info, toPlace.get(info.processGuid) ?? [])),
  );
  return counts;
}

/** Of one moment: rows that belong to a DesiredLRP which is read a moment earlier would look like orphans. */
async function gatherFacts({ clock, writer, cells, upSince }: LrpConvergenceOptions) {
  return writer.write(async (tx) => {
    const now = clock.now();
    await pruneDomains(tx, now);
    return {
      now,
      upSince,
      desired: await schedulingInfos(tx, {}),
      actual: await actualLrps(tx, {}),
      cells: cells.cellSet(),
      freshDomains: new Set(await freshDomains(tx, now)),
    };
  });
}

/** Gives the index that is to be placed. A decision that has become stale is left to the next pass. */
async function act(
  decision: LrpDecision,
  options: LrpConvergenceOptions,
): Promise<LrpIndex | undefined> {
  const { logger, writer, retirement } = options;
  try {
    if (decision.kind === "retire") {
      await retirement.retireUndesired(decision.lrp.key);
      return undefined;
    }
    if (decision.kind === "auction") return decision.lrp.key;
    return await writer.write((tx, changes) => apply(decision, { tx, changes, options }));
  } catch (error) {
    if (!(error instanceof BbsError) || !staleness.has(error.type)) throw error;
    logger.info("convergence-decision-stale", { kind: decision.kind, error });
    return undefined;
  }
}

const staleness: ReadonlySet<string> = new Set([
  "ResourceConflict",
  "ResourceExists",
  "ResourceNotFound",
]);

async function apply(
  decision: Exclude<LrpDecision, { kind: "retire" | "auction" }>,
  context: {
    readonly tx: BbsDatabase;
    readonly changes: Changes;
    readonly options: LrpConvergenceOptions;
  },
): Promise<LrpIndex | undefined> {
  const { tx, changes, options } = context;
  const now = options.clock.now();
  switch (decision.kind) {
    case "create":
      if (!(await isDesired(tx, decision.index))) return undefined;
      await createRow(tx, changes, decision.index, options);
      return decision.index;
    case "unclaim": {
      const transition = unclaim(decision.lrp, now);
      if (transition.kind !== "changed") return undefined;
      await releaseRow(tx, changes, decision.lrp, transition.lrp);
      return decision.lrp.key;
    }
    case "suspect": {
      const suspect = withPresence(decision.lrp, "SUSPECT", now);
      await change(tx, changes, decision.lrp, suspect);
      await createRow(tx, changes, decision.lrp.key, options);
      return decision.lrp.key;
    }
    case "promote": {
      const { suspect, replacement } = decision;
      if (replacement !== undefined) {
        await deleteActualLrp(tx, replacement);
        changes.lrpEvents.push({ kind: "actual_lrp_instance_removed", actualLrp: replacement });
      }
      await change(tx, changes, suspect, withPresence(suspect, "ORDINARY", now));
      return undefined;
    }
    case "remove":
      await removeRow(tx, changes, decision.lrp);
      return undefined;
  }
}

async function createRow(
  tx: BbsDatabase,
  changes: Changes,
  key: LrpIndex,
  { clock, guids }: LrpConvergenceOptions,
): Promise<void> {
  const row = createUnclaimed(key, guids(), clock.now());
  await insertActualLrp(tx, row);
  changes.lrpEvents.push({ kind: "actual_lrp_instance_created", actualLrp: row });
}
