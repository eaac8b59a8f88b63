import type { ModificationTag } from "./modification-tag.ts";

/**
 * One instance of a DesiredLRP. The primary key of a row is (process guid, index, presence); the identity of a
 * container is (instance guid, cell id).
 *
 * - UNCLAIMED: no cell has it; waits for placement. May carry a placement error.
 * - CLAIMED: a cell makes its container.
 * - RUNNING: started, its health check has passed; has net info.
 * - CRASHED: ended; convergence restarts it after its back-off.
 */
export type ActualLrp = UnclaimedLrp | ClaimedLrp | RunningLrp | CrashedLrp;

export type Presence = "ORDINARY" | "EVACUATING" | "SUSPECT";

/** How an instance is, without where it runs: the part of an ActualLRP that lists of many are shown by. */
export type ActualLrpState =
  | (ActualLrpStateBase & Pick<UnclaimedLrp, "state" | "placementError">)
  | (ActualLrpStateBase & Pick<RunningLrp, "state" | "routable">)
  | (ActualLrpStateBase & Pick<ClaimedLrp | CrashedLrp, "state">);

interface ActualLrpStateBase {
  readonly key: Pick<ActualLrpKey, "processGuid" | "index">;
  readonly since: Date;
}

interface ActualLrpBase {
  readonly key: ActualLrpKey;
  readonly crashCount: number;
  /** 1,024 characters at most. */
  readonly crashReason: string;
  /** The last change of state or attributes. */
  readonly since: Date;
  readonly modificationTag: ModificationTag;
  readonly presence: Presence;
}

export interface UnclaimedLrp extends ActualLrpBase {
  readonly state: "UNCLAIMED";
  readonly placementError: string;
}

export interface ClaimedLrp extends ActualLrpBase {
  readonly state: "CLAIMED";
  readonly instanceKey: ActualLrpInstanceKey;
}

export interface RunningLrp extends ActualLrpBase {
  readonly state: "RUNNING";
  readonly instanceKey: ActualLrpInstanceKey;
  readonly netInfo: ActualLrpNetInfo;
  readonly metricTags: Readonly<Record<string, string>>;
  readonly routable: boolean;
}

export interface CrashedLrp extends ActualLrpBase {
  readonly state: "CRASHED";
}

export interface ActualLrpKey {
  readonly processGuid: string;
  readonly index: number;
  readonly domain: string;
}

export interface ActualLrpInstanceKey {
  readonly instanceGuid: string;
  readonly cellId: string;
}

export interface ActualLrpNetInfo {
  /** The cell's address. */
  readonly address: string;
  readonly ports: readonly PortMapping[];
  /** The container's own address. */
  readonly instanceAddress: string;
  /** Which of the two a router is to use. */
  readonly preferredAddress: "UNKNOWN" | "INSTANCE" | "HOST";
}

interface PortMapping {
  readonly containerPort: number;
  readonly hostPort: number;
}
