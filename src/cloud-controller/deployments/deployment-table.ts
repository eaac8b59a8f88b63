import type { Selectable } from "kysely";
import { z } from "zod";
import type { RecordColumns } from "../database/record.ts";

/**
 * - DEPLOYING: new web instances take the place of the old ones.
 * - PREPAUSED: a canary's instances come up, to the number of its step; then PAUSED.
 * - PAUSED: somebody looks at them. Continued, it is PREPAUSED for the next step, or DEPLOYING after the last.
 * - CANCELING: what ran before comes back; then CANCELED.
 * - DEPLOYED, CANCELED: over. A deployment that another has superseded is one of the two as well.
 */
export type DeploymentState =
  | "DEPLOYING"
  | "PREPAUSED"
  | "PAUSED"
  | "DEPLOYED"
  | "CANCELING"
  | "CANCELED";

export const progressingStates = ["DEPLOYING", "PREPAUSED", "PAUSED"] as const;
/** Those in which the updater has something to do. */
export const updatedStates = ["DEPLOYING", "PREPAUSED", "CANCELING"] as const;

export interface DeploymentTable extends RecordColumns {
  readonly appGuid: string;
  readonly state: DeploymentState;
  readonly statusValue: "ACTIVE" | "FINALIZED";
  readonly statusReason: StatusReason;
  readonly statusUpdatedAt: string;
  /** When the updater last found the new instances well. */
  readonly lastHealthyAt: string;
  /** Why the last round came to nothing; gone with the next that succeeds. */
  readonly error: string | null;
  readonly strategy: "rolling" | "canary";
  readonly dropletGuid: string;
  readonly previousDropletGuid: string | null;
  readonly revisionGuid: string | null;
  readonly revisionVersion: number | null;
  /** Null where the app was stopped: nothing is deployed then, it is started. */
  readonly deployingWebProcessGuid: string | null;
  /** How many web instances there were, before this and every deployment that it superseded. */
  readonly originalWebInstances: number;
  readonly maxInFlight: number;
  readonly webInstances: number | null;
  readonly memoryInMb: number | null;
  readonly diskInMb: number | null;
  readonly logRateLimitInBytesPerSecond: number | null;
  /** JSON array of weights in per cent; null: one step of one instance. */
  readonly canarySteps: string | null;
  /** From 1; null for a rolling deployment. */
  readonly canaryCurrentStep: number | null;
}

export type StatusReason =
  | "DEPLOYING"
  | "PAUSED"
  | "DEPLOYED"
  | "CANCELED"
  | "CANCELING"
  | "SUPERSEDED";

export type Deployment = Omit<Selectable<DeploymentTable>, "canarySteps"> & {
  readonly canarySteps: readonly number[] | null;
};

const stepsColumn = z.array(z.number());

export function toDeployment(row: Selectable<DeploymentTable>): Deployment {
  const { canarySteps } = row;
  return {
    ...row,
    canarySteps: canarySteps === null ? null : stepsColumn.parse(JSON.parse(canarySteps)),
  };
}

function isProgressing({ state }: Pick<Deployment, "state">): boolean {
  return progressingStates.some((progressing) => progressing === state);
}

export function isCancelable(deployment: Pick<Deployment, "state">): boolean {
  return isProgressing(deployment) || deployment.state === "CANCELING";
}

export function isContinuable({ state }: Pick<Deployment, "state">): boolean {
  return state === "PAUSED";
}
