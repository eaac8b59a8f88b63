import type { Action } from "#diego/models/action.ts";
import type { ActualLrpKey, ActualLrpNetInfo } from "#diego/models/actual-lrp.ts";
import type { ContainerDefinition } from "#diego/models/container-definition.ts";
import type { CheckDefinition } from "#diego/models/desired-lrp.ts";
import type { KeepRequest } from "#diego/models/keep-request.ts";
import type { ObservationRequest } from "#diego/models/observation.ts";

/** Whom a container is for. */
type ContainerOwner =
  | {
      readonly kind: "lrp";
      readonly key: ActualLrpKey;
      readonly instanceGuid: string;
    }
  | { readonly kind: "task"; readonly taskGuid: string; readonly domain: string };

/** A place kept for a container: counted against the cell from here on until it is destroyed. */
export interface Allocation {
  /** Of an LRP its instance guid, of a task its own. */
  readonly guid: string;
  readonly owner: ContainerOwner;
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly maxPids: number;
  readonly placementTags: readonly string[];
  readonly rootFs: string;
}

/** What a container is to do. */
export interface RunRequest {
  readonly definition: ContainerDefinition;
  readonly setup: Action | undefined;
  readonly action: Action;
  readonly monitor: Action | undefined;
  readonly checkDefinition: CheckDefinition | undefined;
  /** 0: it may start for ever. */
  readonly startTimeoutMs: number;
  readonly ports: readonly number[];
  /** Empty: no result. */
  readonly resultFile: string;
  /** Who wants to hear what happens in it. */
  readonly observation?: ObservationRequest | undefined;
  /** Whether its container stays where it fails. */
  readonly keep?: KeepRequest | undefined;
  /** Of each envelope; dynamic ones have their values. */
  readonly metricTags: Readonly<Record<string, string>>;
}

/**
 * Where a container stands. It goes down this list, may jump to the end from anywhere, and never goes back:
 *
 * - reserved: its place is kept; nothing has been done.
 * - initializing: what it needs is fetched, then it is made.
 * - created: its program runs, its health check has not passed.
 * - running: healthy; may be routed to while `routable`.
 * - completed: its program has ended or it was stopped. It still takes its place until it is destroyed.
 */
export type ContainerStage =
  | { readonly state: "reserved" }
  | { readonly state: "initializing" }
  | { readonly state: "created" }
  | { readonly state: "running"; readonly netInfo: ActualLrpNetInfo; readonly routable: boolean }
  | { readonly state: "completed"; readonly outcome: ContainerOutcome };

export type ContainerState = ContainerStage["state"];

export interface ContainerOutcome {
  readonly failed: boolean;
  /** 1,024 characters at most; empty where it has not failed. */
  readonly failureReason: string;
  /** Somebody asked for its end. */
  readonly stopped: boolean;
  /** It never began: another try, here or on another cell, may do better. */
  readonly retryable: boolean;
  /** The content of the result file of a task that has not failed. */
  readonly result: string;
}

export interface ExecutorContainer extends Allocation {
  readonly stage: ContainerStage;
  readonly metricTags: Readonly<Record<string, string>>;
}
