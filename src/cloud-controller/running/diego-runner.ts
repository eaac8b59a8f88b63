import type { BbsClient } from "#diego/bbs/client.ts";
import { BbsError, type BbsErrorType } from "#diego/models/bbs-error.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import { findProcess, processesOfApp } from "../processes/find-process.ts";
import { desiredLrpFor, lrpGuid, type ProcessFacts } from "./desired-lrp.ts";
import { liveTaskGuids } from "../tasks/find-task.ts";
import { cancelInDiego } from "../tasks/task-runner.ts";
import { isToRun, processFacts, type FactSource } from "./process-facts.ts";

export type RunnerBbs = Pick<
  BbsClient,
  | "desireLrp"
  | "updateDesiredLrp"
  | "removeDesiredLrp"
  | "desiredLrpByProcessGuid"
  | "actualLrps"
  | "retireActualLrp"
  | "cancelTask"
>;

/** Makes a process's stored state real in Diego at once; the sync loop makes good what fails here. */
export class DiegoRunner implements AppRunner {
  readonly #source: FactSource;
  readonly #bbs: RunnerBbs;
  readonly #logger: Logger;

  constructor(options: {
    readonly source: FactSource;
    readonly bbs: RunnerBbs;
    readonly logger: Logger;
  }) {
    this.#source = options.source;
    this.#bbs = options.bbs;
    this.#logger = options.logger;
  }

  async processChanged(processGuid: string): Promise<void> {
    const process = await findProcess(this.#source.db, processGuid);
    if (process === undefined) return;
    const facts = isToRun(process) ? await processFacts(this.#source, [process]) : [];
    await this.#calling(async () => {
      const [wanted] = facts;
      if (wanted === undefined) await this.#remove(lrpGuid(process));
      else await this.desireOrUpdate(wanted);
    });
  }

  /** Routes reach the router through the BBS; a failure waits for the sync loop and does not fail the request. */
  async routesChanged(appGuid: string): Promise<void> {
    await this.#updateAll(appGuid, "routes-not-sent");
  }

  /** As routes: tags of logs are not worth failing the request. */
  async appRenamed(appGuid: string): Promise<void> {
    await this.#updateAll(appGuid, "metric-tags-not-sent");
  }

  async #updateAll(appGuid: string, failure: string): Promise<void> {
    try {
      const processes = await processesOfApp(this.#source.db, appGuid);
      for (const facts of await processFacts(this.#source, processes.filter(isToRun))) {
        await this.#update(facts);
      }
    } catch (error) {
      if (!(error instanceof BbsError)) throw error;
      this.#logger.warn(failure, { app: appGuid, error });
    }
  }

  async stopInstance(processGuid: string, index: number): Promise<void> {
    const process = await findProcess(this.#source.db, processGuid);
    if (process === undefined) throw notFound("Process");
    await this.#calling(async () => {
      const lrps = await this.#bbs.actualLrps({ processGuid: lrpGuid(process), index });
      const [found] = lrps;
      if (found === undefined) throw notFound("Instance");
      await this.#bbs.retireActualLrp(found.key);
    });
  }

  async removeApp(appGuid: string): Promise<void> {
    const processes = await processesOfApp(this.#source.db, appGuid);
    await this.#calling(async () => {
      for (const process of processes) await this.#remove(lrpGuid(process));
      for (const guid of await liveTaskGuids(this.#source.db, appGuid)) {
        await cancelInDiego(this.#bbs, guid);
      }
    });
  }

  async removeLrp(processGuidAndVersion: string): Promise<void> {
    await this.#calling(() => this.#remove(processGuidAndVersion));
  }

  /** @throws `BbsError` */
  async desireOrUpdate(facts: ProcessFacts): Promise<void> {
    const lrp = desiredLrpFor(facts);
    const present = await this.#bbs.desiredLrpByProcessGuid(lrp.processGuid);
    if (present !== undefined) return await this.#update(facts);
    try {
      await this.#bbs.desireLrp(lrp);
    } catch (error) {
      // The sync loop and a request may both have found it absent.
      if (!isBbsError(error, "ResourceExists", "ResourceConflict")) throw error;
      await this.#update(facts);
    }
  }

  async #update(facts: ProcessFacts): Promise<void> {
    const { processGuid, instances, routes, annotation, metricTags } = desiredLrpFor(facts);
    try {
      await this.#bbs.updateDesiredLrp(processGuid, { instances, routes, annotation, metricTags });
    } catch (error) {
      if (!isBbsError(error, "ResourceNotFound")) throw error;
    }
  }

  async #remove(guid: string): Promise<void> {
    try {
      await this.#bbs.removeDesiredLrp(guid);
    } catch (error) {
      if (!isBbsError(error, "ResourceNotFound")) throw error;
    }
  }

  async #calling(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw asRunnerError(error);
    }
  }
}

function asRunnerError(error: unknown): unknown {
  if (!(error instanceof BbsError)) return error;
  const { message } = error;
  if (error.type === "InvalidRequest" || error.type === "InvalidRecord") {
    return new CfError("RunnerInvalidRequest", `Runner invalid request: ${message}`, {
      cause: error,
    });
  }
  const isAway = error.type === "Timeout" || error.type === "Unknown";
  return isAway
    ? new CfError("RunnerUnavailable", `Runner is unavailable: ${message}`, { cause: error })
    : new CfError("RunnerError", `Runner error: ${message}`, { cause: error });
}

function isBbsError(error: unknown, ...types: readonly BbsErrorType[]): boolean {
  return error instanceof BbsError && types.includes(error.type);
}
