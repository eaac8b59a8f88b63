import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { App } from "../apps/app-table.ts";
import { assignDroplet } from "../apps/assign-droplet.ts";
import { lockApp } from "../apps/lock-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { notFound, unprocessable } from "../http/cf-errors.ts";
import { statusColumns } from "./deployment-status.ts";
import { isCancelable, isContinuable, type Deployment } from "./deployment-table.ts";
import { findDeployment } from "./find-deployment.ts";

export interface DeploymentChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly appLog: AppLog;
}

interface Wanted {
  readonly guid: string;
  readonly app: App;
  readonly actor: Actor;
}

/** The droplet of before is the app's again at once; its instances come back with the updater. Variables stay. */
export async function cancelDeployment(change: DeploymentChange, wanted: Wanted): Promise<void> {
  const { clock, limits, appLog } = change;
  const { app, actor } = wanted;
  await withDeployment(change, wanted, async (tx, deployment) => {
    refuseUnless(isCancelable(deployment), "cancel", deployment);
    const dropletGuid = deployment.previousDropletGuid ?? "";
    await assignDroplet(tx, { clock, limits, actor }, { app, dropletGuid });
    await record(tx, change, { ...wanted, deployment, type: "audit.app.deployment.cancel" });
    await tx
      .updateTable("deployments")
      .set(statusColumns(clock, deployment, "CANCELING"))
      .where("guid", "=", deployment.guid)
      .execute();
  });
  appLog.write(app, `Cancelling deployment for app with guid ${app.guid}`);
}

/** From the pause of one canary step on to the next, or after the last to all instances. */
export async function continueDeployment(change: DeploymentChange, wanted: Wanted): Promise<void> {
  const { app } = wanted;
  await withDeployment(change, wanted, async (tx, deployment) => {
    refuseUnless(isContinuable(deployment), "continue", deployment);
    await record(tx, change, { ...wanted, deployment, type: "audit.app.deployment.continue" });
    const step = deployment.canaryCurrentStep ?? 1;
    const hasMoreSteps = step < (deployment.canarySteps?.length ?? 0);
    await tx
      .updateTable("deployments")
      .set({
        ...statusColumns(change.clock, deployment, hasMoreSteps ? "PREPAUSED" : "DEPLOYING"),
        ...(hasMoreSteps ? { canaryCurrentStep: step + 1 } : {}),
      })
      .where("guid", "=", deployment.guid)
      .execute();
  });
  change.appLog.write(app, `Continuing deployment for app with guid ${app.guid}`);
}

async function withDeployment(
  { db }: DeploymentChange,
  { guid, app }: Wanted,
  change: (tx: Executor, deployment: Deployment) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockApp(tx, app.guid);
    const deployment = await findDeployment(tx, guid);
    if (deployment === undefined) throw notFound("Deployment");
    await change(tx, deployment);
  });
}

function refuseUnless(isPossible: boolean, what: string, deployment: Deployment): void {
  if (isPossible) return;
  const { statusValue, statusReason } = deployment;
  throw unprocessable(
    `Cannot ${what} a deployment with status: ${statusValue} and reason: ${statusReason}`,
  );
}

async function record(
  db: Executor,
  { clock }: DeploymentChange,
  {
    app,
    actor,
    deployment,
    type,
  }: Wanted & { readonly deployment: Deployment; readonly type: string },
): Promise<void> {
  await recordAuditEvent(db, clock, {
    type,
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { deployment_guid: deployment.guid, droplet_guid: deployment.dropletGuid },
  });
}
