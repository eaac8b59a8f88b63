import type {
  ActualLrp,
  ActualLrpInstanceKey,
  ActualLrpKey,
  ActualLrpNetInfo,
  ClaimedLrp,
  CrashedLrp,
  RunningLrp,
  UnclaimedLrp,
} from "./actual-lrp.ts";
import type { BbsErrorType } from "./bbs-error.ts";
import { incremented } from "./modification-tag.ts";
import { crashCountAfterCrash, restartsImmediately } from "./restart-calculator.ts";
import { truncatedReason } from "./truncated-reason.ts";

// One function an event. Each takes the row of the index (its ordinary one, unless said otherwise) and gives its next
// value, `unchanged` where the event is an echo, or the refusal that the caller is to see.

export interface Refused {
  readonly kind: "refused";
  readonly type: BbsErrorType;
  readonly message: string;
}

export type Transition<Next extends ActualLrp> =
  | { readonly kind: "changed"; readonly lrp: Next }
  | { readonly kind: "unchanged" }
  | Refused;

/** Where a container has died of itself: the row waits for its back-off, or for a cell at once. */
export type CrashTransition =
  | { readonly kind: "crashed"; readonly lrp: CrashedLrp }
  | { readonly kind: "restarted"; readonly lrp: UnclaimedLrp }
  | Refused;

/** `stop` means that its cell must stop the container first; the row goes when the cell has reported that. */
export type Retirement = { readonly kind: "delete" } | { readonly kind: "stop" };

export interface StartedInstance {
  readonly instanceKey: ActualLrpInstanceKey;
  readonly netInfo: ActualLrpNetInfo;
  readonly metricTags: Readonly<Record<string, string>>;
  readonly routable: boolean;
}

export function createUnclaimed(key: ActualLrpKey, epoch: string, now: Date): UnclaimedLrp {
  return {
    state: "UNCLAIMED",
    key,
    crashCount: 0,
    crashReason: "",
    placementError: "",
    since: now,
    modificationTag: { epoch, index: 0 },
    presence: "ORDINARY",
  };
}

/** A row for an instance whose row is missing: that is how a cell seeds a wiped BBS again. */
export function createRunning(
  key: ActualLrpKey,
  started: StartedInstance,
  epoch: string,
  now: Date,
): RunningLrp {
  return runningFrom(createUnclaimed(key, epoch, now), started, now);
}

/** A cell makes a container for the index. */
export function claim(
  lrp: ActualLrp,
  instanceKey: ActualLrpInstanceKey,
  now: Date,
): Transition<ClaimedLrp> {
  switch (lrp.state) {
    case "UNCLAIMED":
      return { kind: "changed", lrp: claimedFrom(lrp, instanceKey, now) };
    case "CLAIMED":
      if (sameInstance(lrp.instanceKey, instanceKey)) return { kind: "unchanged" };
      return refused("ActualLrpCannotBeClaimed", lrp, "claim");
    case "RUNNING":
      if (!sameInstance(lrp.instanceKey, instanceKey)) {
        return refused("ActualLrpCannotBeClaimed", lrp, "claim");
      }
      return { kind: "changed", lrp: claimedFrom(lrp, instanceKey, now) };
    case "CRASHED":
      return refused("ActualLrpCannotBeClaimed", lrp, "claim");
  }
}

/** An instance runs: it wins over anybody's claim, but never over another one that runs. Repeated, it is a heartbeat. */
export function start(lrp: ActualLrp, started: StartedInstance, now: Date): Transition<RunningLrp> {
  switch (lrp.state) {
    case "UNCLAIMED":
    case "CLAIMED":
      return { kind: "changed", lrp: runningFrom(lrp, started, now) };
    case "RUNNING":
      if (!sameInstance(lrp.instanceKey, started.instanceKey)) {
        return refused("ActualLrpCannotBeStarted", lrp, "start");
      }
      if (sameAttributes(lrp, started)) return { kind: "unchanged" };
      return { kind: "changed", lrp: runningFrom(lrp, started, now) };
    case "CRASHED":
      return refused("ActualLrpCannotBeStarted", lrp, "start");
  }
}

export function crash(
  lrp: ActualLrp,
  instanceKey: ActualLrpInstanceKey,
  reason: string,
  now: Date,
): CrashTransition {
  switch (lrp.state) {
    case "UNCLAIMED":
    case "CRASHED":
      return refused("ActualLrpCannotBeCrashed", lrp, "crash");
    case "CLAIMED":
    case "RUNNING":
      break;
  }
  if (!sameInstance(lrp.instanceKey, instanceKey)) {
    return refused("ActualLrpCannotBeCrashed", lrp, "crash");
  }
  const crashCount = crashCountAfterCrash(lrp, now);
  const next = {
    ...baseOf(lrp),
    crashCount,
    crashReason: truncatedReason(reason),
    since: now,
    modificationTag: incremented(lrp.modificationTag),
  };
  return restartsImmediately(crashCount)
    ? { kind: "restarted", lrp: { ...next, state: "UNCLAIMED", placementError: "" } }
    : { kind: "crashed", lrp: { ...next, state: "CRASHED" } };
}

/** The auctioneer found no cell. The row stays UNCLAIMED; its newer `since` is what keeps the next auction 30 s away. */
export function fail(lrp: ActualLrp, placementError: string, now: Date): Transition<UnclaimedLrp> {
  switch (lrp.state) {
    case "UNCLAIMED":
      return {
        kind: "changed",
        lrp: {
          ...lrp,
          placementError: truncatedReason(placementError),
          since: now,
          modificationTag: incremented(lrp.modificationTag),
        },
      };
    case "CLAIMED":
    case "RUNNING":
    case "CRASHED":
      return refused("ActualLrpCannotBeFailed", lrp, "fail");
  }
}

/** Takes the row from whatever holds it, so that it may be placed anew. */
export function unclaim(lrp: ActualLrp, now: Date): Transition<UnclaimedLrp> {
  switch (lrp.state) {
    case "UNCLAIMED":
      return refused("ActualLrpCannotBeUnclaimed", lrp, "unclaim");
    case "CLAIMED":
    case "RUNNING":
    case "CRASHED":
      return {
        kind: "changed",
        lrp: {
          ...baseOf(lrp),
          state: "UNCLAIMED",
          placementError: "",
          since: now,
          modificationTag: incremented(lrp.modificationTag),
        },
      };
  }
}

/** Whether a cell's report of a stopped container removes the row. No instance key: whichever holds the index. */
export function remove(
  lrp: ActualLrp,
  instanceKey: ActualLrpInstanceKey | undefined,
): { readonly kind: "delete" } | Refused {
  if (instanceKey === undefined) return { kind: "delete" };
  const holder = lrp.state === "CLAIMED" || lrp.state === "RUNNING" ? lrp.instanceKey : undefined;
  if (holder !== undefined && sameInstance(holder, instanceKey)) return { kind: "delete" };
  return refused("ResourceNotFound", lrp, "remove");
}

export function retire(lrp: ActualLrp): Retirement {
  switch (lrp.state) {
    case "UNCLAIMED":
    case "CRASHED":
      return { kind: "delete" };
    case "CLAIMED":
    case "RUNNING":
      return { kind: "stop" };
  }
}

/** The cell of a claimed or running instance is gone, or is back: the same row under another presence. */
export function withPresence<Lrp extends ClaimedLrp | RunningLrp>(
  lrp: Lrp,
  presence: Lrp["presence"],
  now: Date,
): Lrp {
  return { ...lrp, presence, since: now, modificationTag: incremented(lrp.modificationTag) };
}

export function sameInstance(a: ActualLrpInstanceKey, b: ActualLrpInstanceKey): boolean {
  return a.instanceGuid === b.instanceGuid && a.cellId === b.cellId;
}

function claimedFrom(lrp: ActualLrp, instanceKey: ActualLrpInstanceKey, now: Date): ClaimedLrp {
  return {
    ...baseOf(lrp),
    state: "CLAIMED",
    instanceKey,
    since: now,
    modificationTag: incremented(lrp.modificationTag),
  };
}

function runningFrom(lrp: ActualLrp, started: StartedInstance, now: Date): RunningLrp {
  return {
    ...baseOf(lrp),
    ...started,
    state: "RUNNING",
    since: now,
    modificationTag: incremented(lrp.modificationTag),
  };
}

function baseOf(lrp: ActualLrp) {
  const { key, crashCount, crashReason, since, modificationTag, presence } = lrp;
  return { key, crashCount, crashReason, since, modificationTag, presence };
}

function sameAttributes(lrp: RunningLrp, started: StartedInstance): boolean {
  return (
    lrp.routable === started.routable &&
    sameNetInfo(lrp.netInfo, started.netInfo) &&
    sameTags(lrp.metricTags, started.metricTags)
  );
}

function sameNetInfo(a: ActualLrpNetInfo, b: ActualLrpNetInfo): boolean {
  return (
    a.address === b.address &&
    a.instanceAddress === b.instanceAddress &&
    a.preferredAddress === b.preferredAddress &&
    a.ports.length === b.ports.length &&
    a.ports.every(
      (port, i) =>
        port.containerPort === b.ports[i]?.containerPort && port.hostPort === b.ports[i].hostPort,
    )
  );
}

function sameTags(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function refused(type: BbsErrorType, lrp: ActualLrp, verb: string): Refused {
  const holder =
    lrp.state === "CLAIMED" || lrp.state === "RUNNING"
      ? ` by instance "${lrp.instanceKey.instanceGuid}" on cell "${lrp.instanceKey.cellId}"`
      : "";
  return {
    kind: "refused",
    type,
    message: `Cannot ${verb} instance ${lrp.key.index} of "${lrp.key.processGuid}": it is ${lrp.state}${holder}`,
  };
}
