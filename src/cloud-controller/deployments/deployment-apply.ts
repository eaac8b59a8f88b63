import type { Clock } from "#kernel/clock/clock.ts";
import { randomGuids } from "#kernel/guid.ts";
import { recordProcessUsage, recordStateUsage } from "../app-usage-events/record-usage-event.ts";
import { findApp } from "../apps/find-app.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { findProcess, processesOfApp } from "../processes/find-process.ts";
import { quotaFaults } from "../quotas/check-quota.ts";
import { findRevision } from "../revisions/find-revision.ts";
import { lrpGuid } from "../running/desired-lrp.ts";
import type { DeploymentPlan } from "./deployment-plan.ts";
import { statusColumns, type DeploymentStatus } from "./deployment-status.ts";
import type { Deployment } from "./deployment-table.ts";

/** What Diego is to be told once a step is committed. */
export interface ToldDiego {
  /** Guids of processes that have changed. */
  readonly changed: readonly string[];
  /** LRPs that are no more, `<process guid>-<version>`. */
  readonly removed: readonly string[];
}

const statusAfter: Readonly<Record<DeploymentPlan["outcome"], DeploymentStatus | undefined>> = {
  wait: undefined,
  scale: undefined,
  pause: "PAUSED",
  finish: "DEPLOYED",
  cancel: "CANCELED",
};

/**
 * Writes one step. A deployment that has made progress has no error any more.
 *
 * @throws 422 where the quotas do not allow more instances
 */
export async function applyPlan(
  tx: Executor,
  clock: Clock,
  { deployment, plan }: { readonly deployment: Deployment; readonly plan: DeploymentPlan },
): Promise<ToldDiego> {
  const removed: string[] = [];
  for (const guid of plan.remove) removed.push(...(await removeProcess(tx, clock, guid)));
  for (const [guid, instances] of plan.instances) {
    await scale(tx, clock, { deployment, guid, instances });
  }
  const restarted =
    plan.outcome === "finish" ? await restartOthers(tx, clock, deployment) : undefined;
  const status = statusAfter[plan.outcome];
  const now = touched(clock);
  await tx
    .updateTable("deployments")
    .set({
      ...now,
      ...(status === undefined ? {} : statusColumns(clock, deployment, status)),
      ...(plan.isHealthy ? { lastHealthyAt: now.updatedAt } : {}),
      error: null,
    })
    .where("guid", "=", deployment.guid)
    .execute();
  return {
    changed: [...plan.instances.keys(), ...(restarted?.changed ?? [])],
    removed: [...removed, ...(restarted?.removed ?? [])],
  };
}

async function removeProcess(tx: Executor, clock: Clock, guid: string): Promise<string[]> {
  const process = await findProcess(tx, guid);
  if (process === undefined) return [];
  await deleteMetadata(tx, "process", [guid]);
  await tx.deleteFrom("processes").where("guid", "=", guid).execute();
  await recordProcessUsage(tx, clock, { before: process, after: undefined });
  return [lrpGuid(process)];
}

/** Old instances are given up before new ones are asked for, so the quota is asked about what is left. */
async function scale(
  tx: Executor,
  clock: Clock,
  {
    deployment,
    guid,
    instances,
  }: { readonly deployment: Deployment; readonly guid: string; readonly instances: number },
): Promise<void> {
  const process = await findProcess(tx, guid);
  const app = await findApp(tx, deployment.appGuid);
  if (process === undefined || app === undefined) return;
  if (instances > process.instances) {
    const changed = [{ ...process, instances }];
    const faults = await quotaFaults(tx, { spaceGuid: app.spaceGuid, changed });
    if (faults.length > 0) throw unprocessable(faults.join(", "));
  }
  await tx
    .updateTable("processes")
    .set({ ...touched(clock), instances })
    .where("guid", "=", guid)
    .execute();
  await recordProcessUsage(tx, clock, { before: process, after: { ...process, instances } });
}

/** The other types become the revision too, at once and with a gap, as in the original. */
async function restartOthers(
  tx: Executor,
  clock: Clock,
  { appGuid, deployingWebProcessGuid }: Deployment,
): Promise<ToldDiego> {
  const web = await findProcess(tx, deployingWebProcessGuid ?? "");
  const revision = await findRevision(tx, web?.revisionGuid ?? "");
  const others = (await processesOfApp(tx, appGuid)).filter(({ type }) => type !== "web");
  for (const process of others) {
    await tx
      .updateTable("processes")
      .set({
        ...touched(clock),
        state: "STARTED",
        version: randomGuids(),
        ...(revision === undefined
          ? {}
          : { revisionGuid: revision.guid, command: revision.commands[process.type] ?? null }),
      })
      .where("guid", "=", process.guid)
      .execute();
    await recordStateUsage(tx, clock, { before: process, state: "STARTED" });
  }
  return {
    changed: others.map(({ guid }) => guid),
    removed: others.filter(({ state }) => state === "STARTED").map(lrpGuid),
  };
}
