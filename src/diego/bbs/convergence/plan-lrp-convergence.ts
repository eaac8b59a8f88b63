import type { ActualLrp, ClaimedLrp, RunningLrp, UnclaimedLrp } from "#diego/models/actual-lrp.ts";
import { shouldRestartCrash } from "#diego/models/restart-calculator.ts";

/** What is desired of one process. */
interface DesiredFact {
  readonly processGuid: string;
  readonly domain: string;
  readonly instances: number;
}

export interface LrpFacts {
  readonly now: Date;
  /** When this BBS started. */
  readonly upSince: Date;
  readonly desired: readonly DesiredFact[];
  readonly actual: readonly ActualLrp[];
  readonly cells: {
    readonly present: ReadonlySet<string>;
    /** False: a cell that is not among them may yet be there, so none counts as missing. */
    readonly isComplete: boolean;
    readonly newestAppearedAt: Date | undefined;
  };
  readonly freshDomains: ReadonlySet<string>;
}

export interface LrpIndex {
  readonly processGuid: string;
  readonly index: number;
  readonly domain: string;
}

type HeldLrp = ClaimedLrp | RunningLrp;

/** One decision about one index. Rows are as the facts had them: acting on one that has changed since is refused. */
export type LrpDecision =
  /** There is no row: make one and place it. */
  | { readonly kind: "create"; readonly index: LrpIndex }
  /** Nobody has taken it: offer it again, the row stays as it is. */
  | { readonly kind: "auction"; readonly lrp: ActualLrp }
  /** Take the row from its crash or its dead cell, and place it anew. */
  | { readonly kind: "unclaim"; readonly lrp: ActualLrp }
  /** Its cell is missing: keep the row aside, for the cell may only be cut off, and place a replacement. */
  | { readonly kind: "suspect"; readonly lrp: HeldLrp }
  /** Its cell is back: it is the ordinary one again, and the replacement is dropped. */
  | {
      readonly kind: "promote";
      readonly suspect: HeldLrp;
      readonly replacement: ActualLrp | undefined;
    }
  /** Delete the row. */
  | { readonly kind: "remove"; readonly lrp: ActualLrp }
  /** Not desired: stop the instance. */
  | { readonly kind: "retire"; readonly lrp: ActualLrp };

const staleUnclaimedMs = 30_000;

/** The rows of an index, at most one of each presence. */
interface IndexRows {
  readonly key: LrpIndex;
  readonly ordinary: ActualLrp | undefined;
  readonly evacuating: ActualLrp | undefined;
  readonly suspect: ActualLrp | undefined;
}

/**
 * What is to be done so that each desired index has one instance on a cell that is there. Repairs regardless of domain
 * freshness; takes away only in a fresh domain, where the desired set is known to be whole.
 */
export function planLrpConvergence(facts: LrpFacts): LrpDecision[] {
  const rows = rowsByIndex(facts.actual);
  const decisions: LrpDecision[] = [];
  for (const desired of facts.desired) {
    const ofProcess = rows.get(desired.processGuid);
    rows.delete(desired.processGuid);
    for (let index = 0; index < desired.instances; index += 1) {
      const key = { processGuid: desired.processGuid, index, domain: desired.domain };
      decisions.push(...decideDesired(ofProcess?.get(index) ?? noRows(key), facts));
      ofProcess?.delete(index);
    }
    for (const extra of ofProcess?.values() ?? []) decisions.push(...decideUndesired(extra, facts));
  }
  for (const orphans of rows.values()) {
    for (const orphan of orphans.values()) decisions.push(...decideUndesired(orphan, facts));
  }
  return decisions;
}

function decideUndesired(rows: IndexRows, facts: LrpFacts): LrpDecision[] {
  const { ordinary, suspect } = rows;
  if (!facts.freshDomains.has(rows.key.domain)) return decideEvacuating(rows, facts);
  return [
    ...decideEvacuating(rows, facts),
    ...(suspect === undefined ? [] : [{ kind: "remove" as const, lrp: suspect }]),
    ...(ordinary === undefined ? [] : [{ kind: "retire" as const, lrp: ordinary }]),
  ];
}

function decideDesired(rows: IndexRows, facts: LrpFacts): LrpDecision[] {
  return [...decideEvacuating(rows, facts), ...decideOrdinary(rows, facts)];
}

function decideEvacuating({ evacuating }: IndexRows, facts: LrpFacts): LrpDecision[] {
  if (evacuating === undefined || !isOnMissingCell(evacuating, facts)) return [];
  return [{ kind: "remove", lrp: evacuating }];
}

function decideOrdinary({ key, ordinary, suspect }: IndexRows, facts: LrpFacts): LrpDecision[] {
  const returned = returnedSuspect(suspect, facts);
  if (ordinary === undefined) {
    return returned === undefined
      ? [{ kind: "create", index: key }]
      : [{ kind: "promote", suspect: returned, replacement: undefined }];
  }
  const onMissingCell = isOnMissingCell(ordinary, facts);
  if (suspect !== undefined && ordinary.state === "RUNNING" && !onMissingCell) {
    return [{ kind: "remove", lrp: suspect }];
  }
  if (returned !== undefined) {
    return [{ kind: "promote", suspect: returned, replacement: ordinary }];
  }
  switch (ordinary.state) {
    case "UNCLAIMED":
      return isToBeOffered(ordinary, facts) ? [{ kind: "auction", lrp: ordinary }] : [];
    case "CRASHED":
      return shouldRestartCrash(ordinary, facts.now) ? [{ kind: "unclaim", lrp: ordinary }] : [];
    case "CLAIMED":
    case "RUNNING":
      if (!onMissingCell) return [];
      // The replacement's cell has gone as well. Diego leaves the auction to the next pass here; we do not wait.
      if (suspect !== undefined) return [{ kind: "unclaim", lrp: ordinary }];
      return [{ kind: "suspect", lrp: ordinary }];
  }
}

function returnedSuspect(suspect: ActualLrp | undefined, facts: LrpFacts): HeldLrp | undefined {
  if (suspect?.state !== "CLAIMED" && suspect?.state !== "RUNNING") return undefined;
  return facts.cells.present.has(suspect.instanceKey.cellId) ? suspect : undefined;
}

function isOnMissingCell(lrp: ActualLrp, { cells }: LrpFacts): boolean {
  if (lrp.state !== "CLAIMED" && lrp.state !== "RUNNING") return false;
  return cells.isComplete && !cells.present.has(lrp.instanceKey.cellId);
}

/**
 * Diego offers what nobody took for 30 s. Ours also offers at once what a process before this one left unplaced, and
 * what found no place before a new cell came.
 */
function isToBeOffered(lrp: UnclaimedLrp, { now, upSince, cells }: LrpFacts): boolean {
  if (cells.present.size === 0 && !cells.isComplete) return false;
  const since = lrp.since.getTime();
  if (now.getTime() - since > staleUnclaimedMs || since < upSince.getTime()) return true;
  return (
    lrp.placementError !== "" &&
    cells.newestAppearedAt !== undefined &&
    since <= cells.newestAppearedAt.getTime()
  );
}

function noRows(key: LrpIndex): IndexRows {
  return { key, ordinary: undefined, evacuating: undefined, suspect: undefined };
}

function rowsByIndex(actual: readonly ActualLrp[]): Map<string, Map<number, IndexRows>> {
  const byProcess = new Map<string, Map<number, IndexRows>>();
  for (const lrp of actual) {
    const byIndex = byProcess.get(lrp.key.processGuid) ?? new Map<number, IndexRows>();
    byProcess.set(lrp.key.processGuid, byIndex);
    const rows = byIndex.get(lrp.key.index) ?? noRows(lrp.key);
    byIndex.set(lrp.key.index, withRow(rows, lrp));
  }
  return byProcess;
}

function withRow(rows: IndexRows, lrp: ActualLrp): IndexRows {
  switch (lrp.presence) {
    case "ORDINARY":
      return { ...rows, ordinary: lrp };
    case "EVACUATING":
      return { ...rows, evacuating: lrp };
    case "SUSPECT":
      return { ...rows, suspect: lrp };
  }
}
