import type { BbsClient } from "#diego/bbs/client.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { StagingStopper } from "../apps/app-runner.ts";
import type { Database } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { cancelInDiego } from "../tasks/task-runner.ts";
import type { BuildEnding } from "./build-ending.ts";
import { stagingError } from "./failure-reason.ts";

/** Ends stagings that nobody wants any more: the build is FAILED at once, and its container is stopped. */
export class StagingCancellation implements StagingStopper {
  readonly #db: Database;
  readonly #bbs: Pick<BbsClient, "cancelTask">;
  readonly #ending: BuildEnding;
  readonly #logger: Logger;

  constructor(options: {
    readonly db: Database;
    readonly bbs: Pick<BbsClient, "cancelTask">;
    readonly ending: BuildEnding;
    readonly logger: Logger;
  }) {
    this.#db = options.db;
    this.#bbs = options.bbs;
    this.#ending = options.ending;
    this.#logger = options.logger;
  }

  /** Whether it was still STAGING. Where Diego cannot be reached the sync loop cancels the task. */
  async cancelBuild(
    buildGuid: string,
    actor: Actor,
    failure = stagingError("staging was cancelled"),
  ): Promise<boolean> {
    if (!(await this.#ending.fail(buildGuid, failure, actor))) return false;
    await cancelInDiego(this.#bbs, buildGuid).catch((error: unknown) => {
      this.#logger.warn("staging-task-not-cancelled", { build: buildGuid, error });
    });
    return true;
  }

  async cancelStagingsOfApp(appGuid: string, actor: Actor): Promise<void> {
    const rows = await this.#db
      .selectFrom("builds")
      .select("guid")
      .where("appGuid", "=", appGuid)
      .where("state", "=", "STAGING")
      .execute();
    for (const { guid } of rows) await this.cancelBuild(guid, actor);
  }
}
