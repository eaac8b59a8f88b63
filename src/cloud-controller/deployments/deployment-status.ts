import type { Clock } from "#kernel/clock/clock.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Deployment, DeploymentState, StatusReason } from "./deployment-table.ts";

/** Woken at every change of a deployment's status; its long poll waits for it. */
export function deploymentKey(guid: string): string {
  return `deployment:${guid}`;
}

const statuses = {
  DEPLOYING: { state: "DEPLOYING", value: "ACTIVE", reason: "DEPLOYING" },
  PREPAUSED: { state: "PREPAUSED", value: "ACTIVE", reason: "DEPLOYING" },
  PAUSED: { state: "PAUSED", value: "ACTIVE", reason: "PAUSED" },
  CANCELING: { state: "CANCELING", value: "ACTIVE", reason: "CANCELING" },
  DEPLOYED: { state: "DEPLOYED", value: "FINALIZED", reason: "DEPLOYED" },
  CANCELED: { state: "CANCELED", value: "FINALIZED", reason: "CANCELED" },
  /** By how far it had come, the process that it made may be gone back to, or not. */
  "SUPERSEDED, DEPLOYING": { state: "DEPLOYED", value: "FINALIZED", reason: "SUPERSEDED" },
  "SUPERSEDED, OTHERWISE": { state: "CANCELED", value: "FINALIZED", reason: "SUPERSEDED" },
} as const satisfies Record<
  string,
  {
    readonly state: DeploymentState;
    readonly value: "ACTIVE" | "FINALIZED";
    readonly reason: StatusReason;
  }
>;

export type DeploymentStatus = keyof typeof statuses;

/** The columns of that status, to be written over the deployment. */
export function statusColumns(
  clock: Clock,
  deployment: Pick<Deployment, "statusValue" | "statusReason">,
  status: DeploymentStatus,
) {
  const { state, value, reason } = statuses[status];
  const now = touched(clock);
  const isNew = deployment.statusValue !== value || deployment.statusReason !== reason;
  return {
    ...now,
    state,
    statusValue: value,
    statusReason: reason,
    ...(isNew ? { statusUpdatedAt: now.updatedAt } : {}),
  };
}

export async function setStatus(
  db: Executor,
  clock: Clock,
  { deployment, status }: { readonly deployment: Deployment; readonly status: DeploymentStatus },
): Promise<void> {
  await db
    .updateTable("deployments")
    .set(statusColumns(clock, deployment, status))
    .where("guid", "=", deployment.guid)
    .execute();
}
