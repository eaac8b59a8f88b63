import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Loop, type LoopStatus } from "#kernel/loop/loop.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import { lockApp } from "../apps/lock-app.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError } from "../http/cf-errors.ts";
import type { Changes } from "../http/long-poll.ts";
import type { InstanceReports } from "../processes/instance-reports.ts";
import { applyPlan, type ToldDiego } from "./deployment-apply.ts";
import type { CreatedDeployment } from "./deployment-create.ts";
import { deploymentFacts, openDeployments, type Observed } from "./deployment-facts.ts";
import { planDeployment } from "./deployment-plan.ts";
import { deploymentKey } from "./deployment-status.ts";
import type { Deployment } from "./deployment-table.ts";
import { findDeployment } from "./find-deployment.ts";

/** The original's updater looks that often; here an instance's change wakes it in between. */
const periodMs = 5_000;
/** Of the original's column. */
const maximumErrorLength = 255;

export interface DeploymentUpdaterOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runner: Pick<AppRunner, "processChanged" | "removeLrp">;
  readonly reports: Pick<InstanceReports, "counts">;
  readonly changes: Changes;
}

/**
 * Takes each deployment that is under way one step further, again and again. All that it knows stands in the database
 * and at the BBS: it may be killed after any step, and the sync loop tells Diego what it could not tell any more.
 */
export class DeploymentUpdater implements AsyncDisposable {
  readonly #options: DeploymentUpdaterOptions;
  readonly #loop: Loop;
  /** The web processes of the deployments under way. */
  #watched: ReadonlySet<string> = new Set();

  constructor(options: DeploymentUpdaterOptions) {
    const { clock, logger } = options;
    this.#options = options;
    this.#loop = new Loop({
      name: "deployment-updater",
      clock,
      logger,
      periodMs,
      activation: (signal) => this.#round(signal),
    });
  }

  start(): void {
    this.#loop.start();
  }

  status(): LoopStatus {
    return this.#loop.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }

  /** A deployment has been made: Diego hears of its first instances before the request is answered. */
  async changed({ deployment, started, superseded }: CreatedDeployment): Promise<void> {
    await this.#tell({ changed: started, removed: [] });
    if (superseded !== undefined) this.#options.changes.notify(deploymentKey(superseded));
    this.notice(deployment.guid);
  }

  /** A deployment's status has changed. */
  notice(guid: string): void {
    this.#options.changes.notify(deploymentKey(guid));
    void this.#loop.activate(`deployment ${guid}`);
  }

  /** An instance of that process has changed; only those of deployments are of interest. */
  instanceChanged(processGuid: string): void {
    if (this.#watched.has(processGuid)) void this.#loop.activate(`process ${processGuid}`);
  }

  async #round(signal: AbortSignal): Promise<{ readonly open: number; readonly changed: number }> {
    const { db, reports, logger } = this.#options;
    const { deployments, webProcesses } = await openDeployments(db);
    // Before Diego is asked: a change after its answer must start another round.
    this.#watched = new Set(webProcesses.map(({ guid }) => guid));
    if (deployments.length === 0) return { open: 0, changed: 0 };
    const counts = await reports.counts(webProcesses);
    const observed = new Map(
      webProcesses.flatMap((process) => {
        const found = counts.get(process.guid);
        return found === undefined ? [] : [[process.guid, { process, counts: found }] as const];
      }),
    );
    let changed = 0;
    for (const deployment of deployments) {
      if (signal.aborted) break;
      try {
        if (await this.#step(deployment, observed)) changed += 1;
      } catch (error) {
        logger.error("deployment-not-updated", { deployment: deployment.guid, error });
        await this.#keepError(deployment, error);
      }
    }
    return { open: deployments.length, changed };
  }

  /** Decided and written while nobody else changes the app's deployments. Whether there was anything to do. */
  async #step(
    { guid, appGuid }: Deployment,
    observed: ReadonlyMap<string, Observed>,
  ): Promise<boolean> {
    const { db, clock, logger, changes } = this.#options;
    const done = await db.transaction().execute(async (tx) => {
      await lockApp(tx, appGuid);
      const deployment = await findDeployment(tx, guid);
      if (deployment === undefined) return undefined;
      const facts = await deploymentFacts(tx, deployment, observed);
      const plan = facts === undefined ? undefined : planDeployment(facts);
      if (plan === undefined || plan.outcome === "wait") return undefined;
      return { outcome: plan.outcome, told: await applyPlan(tx, clock, { deployment, plan }) };
    });
    if (done === undefined) return false;
    const { outcome, told } = done;
    logger.info("deployment-updated", { deployment: guid, outcome, ...told });
    changes.notify(deploymentKey(guid));
    await this.#tell(told);
    // A step is rarely the last one, and what it has changed may allow the next at once.
    if (outcome === "scale") void this.#loop.activate(`step of ${guid}`);
    return true;
  }

  /** What cannot be told now the sync loop makes good. */
  async #tell({ changed, removed }: ToldDiego): Promise<void> {
    const { runner, logger } = this.#options;
    const calls = [
      ...changed.map((guid) => () => runner.processChanged(guid)),
      ...removed.map((guid) => () => runner.removeLrp(guid)),
    ];
    for (const call of calls) {
      await call().catch((error: unknown) => {
        logger.warn("deployment-not-told", { error });
      });
    }
  }

  async #keepError(deployment: Deployment, error: unknown): Promise<void> {
    const { db, clock, changes } = this.#options;
    const name = error instanceof Error ? error.name : "Error";
    const text =
      error instanceof CfError ? error.message : `An unexpected error has occurred: ${name}`;
    const kept = text.slice(0, maximumErrorLength);
    if (kept === deployment.error) return;
    await db
      .updateTable("deployments")
      .set({ ...touched(clock), error: kept })
      .where("guid", "=", deployment.guid)
      .execute();
    changes.notify(deploymentKey(deployment.guid));
  }
}
