import type { Action } from "./action.ts";
import type { ContainerDefinition } from "./container-definition.ts";
import type { ModificationTag } from "./modification-tag.ts";

export interface DesiredLrp extends ContainerDefinition {
  /** `<process guid>-<process version>` where Cloud Controller made it. */
  readonly processGuid: string;
  readonly domain: string;
  readonly instances: number;
  readonly setup: Action | undefined;
  readonly action: Action;
  readonly monitor: Action | undefined;
  readonly checkDefinition: CheckDefinition | undefined;
  /** 0: an instance may start for ever. */
  readonly startTimeoutMs: number;
  readonly ports: readonly number[];
  readonly routes: Routes;
  readonly modificationTag: ModificationTag;
}

/** What a client asks for; the BBS adds the modification tag. */
export type DesiredLrpRequest = Omit<DesiredLrp, "modificationTag">;

/** Key (`cf-router`, `diego-ssh`, ...) to the JSON text of its value. 128 KiB at most in all. */
export type Routes = Readonly<Record<string, string>>;

/** Nothing else of a DesiredLRP is mutable: new memory, command or environment is a new process guid. */
export interface DesiredLrpUpdate {
  readonly instances?: number;
  readonly routes?: Routes;
  readonly annotation?: string;
  readonly metricTags?: ContainerDefinition["metricTags"];
}

export interface CheckDefinition {
  readonly checks: readonly Check[];
  readonly readinessChecks: readonly Check[];
  readonly logSource: string;
}

/** Milliseconds; 0 stands for Diego's default (1,000 for a time-out, 30,000 for an interval). */
export type Check =
  | {
      readonly kind: "tcp";
      readonly port: number;
      readonly connectTimeoutMs: number;
      readonly intervalMs: number;
    }
  | {
      readonly kind: "http";
      readonly port: number;
      readonly requestTimeoutMs: number;
      readonly path: string;
      readonly intervalMs: number;
    };

/** The part of a DesiredLRP that scheduling and syncing read. */
export interface DesiredLrpSchedulingInfo {
  readonly processGuid: string;
  readonly domain: string;
  readonly logGuid: string;
  readonly annotation: string;
  readonly instances: number;
  readonly memoryMb: number;
  readonly diskMb: number;
  readonly maxPids: number;
  readonly rootFs: string;
  readonly routes: Routes;
  readonly modificationTag: ModificationTag;
  readonly placementTags: readonly string[];
}
