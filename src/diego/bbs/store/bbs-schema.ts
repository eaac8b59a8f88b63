import type { Kysely } from "kysely";

/** The tables of the BBS; what a column holds is said in `migrations/0001-initial.ts`. */
export interface BbsSchema {
  domains: DomainsRow;
  desiredLrps: DesiredLrpsRow;
  actualLrps: ActualLrpsRow;
  tasks: TasksRow;
}

/** A connection or a transaction on it. */
export type BbsDatabase = Kysely<BbsSchema>;

interface DomainsRow {
  domain: string;
  /** NULL: never. */
  expiresAt: number | null;
}

export interface DesiredLrpsRow {
  processGuid: string;
  domain: string;
  instances: number;
  epoch: string;
  modificationIndex: number;
  logGuid: string;
  annotation: string;
  memoryMb: number;
  diskMb: number;
  maxPids: number;
  rootFs: string;
  /** JSON. */
  routes: string;
  /** JSON. */
  placementTags: string;
  definition: Uint8Array;
}

export interface ActualLrpsRow {
  processGuid: string;
  instanceIndex: number;
  presence: string;
  domain: string;
  state: string;
  instanceGuid: string;
  cellId: string;
  /** JSON, empty where the state has none. */
  netInfo: string;
  /** JSON, empty where the state has none. */
  metricTags: string;
  routable: number;
  placementError: string;
  crashCount: number;
  crashReason: string;
  since: number;
  epoch: string;
  modificationIndex: number;
}

export interface TasksRow {
  taskGuid: string;
  domain: string;
  state: string;
  cellId: string;
  createdAt: number;
  updatedAt: number;
  firstCompletedAt: number | null;
  result: string;
  failed: number;
  failureReason: string;
  rejectionCount: number;
  rejectionReason: string;
  definition: Uint8Array;
}
