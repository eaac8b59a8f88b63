import type { BbsClient } from "#diego/bbs/client.ts";
import type { KeptTask, KeptTaskClient } from "#diego/cell/rep/client.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { readSpans } from "../build-observations/build-log-store.ts";
import type { Database } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import { sql } from "kysely";

export interface KeptStaging extends KeptTask {
  readonly cellId: string;
  readonly cell: KeptTaskClient;
}

/** The containers of failed stagings, wherever their cells keep them. Nothing of them is stored here: cells know. */
export class KeptStagings {
  readonly #db: Database;
  readonly #bbs: Pick<BbsClient, "cells">;
  readonly #clientOf: (repUrl: string) => KeptTaskClient;
  readonly #logger: Logger;

  constructor(options: {
    readonly db: Database;
    readonly bbs: Pick<BbsClient, "cells">;
    readonly keptTasksOf: (repUrl: string) => KeptTaskClient;
    readonly logger: Logger;
  }) {
    this.#db = options.db;
    this.#bbs = options.bbs;
    this.#clientOf = options.keptTasksOf;
    this.#logger = options.logger;
  }

  /** Of that build, asked at the cell that has run it. A cell that is away has none. */
  async find(buildGuid: string): Promise<KeptStaging | undefined> {
    const cellId = await this.#cellOf(buildGuid);
    const kept = await this.#keptBy((cell) => cell === cellId);
    return kept.find(({ taskGuid }) => taskGuid === buildGuid);
  }

  /** The cell that has run it, where that is away. */
  async absentCell(buildGuid: string): Promise<string | undefined> {
    const cellId = await this.#cellOf(buildGuid);
    const cells = await this.#bbs.cells();
    return cells.some((cell) => cell.cellId === cellId) ? undefined : cellId;
  }

  async #cellOf(buildGuid: string): Promise<string | undefined> {
    const spans = (await readSpans(this.#db, [buildGuid])).get(buildGuid) ?? [];
    return spans.findLast(({ name }) => name === "place")?.subject;
  }

  async list(): Promise<readonly KeptStaging[]> {
    return await this.#keptBy(() => true);
  }

  /** Removes those whose build is no more. One round of repair: idempotent, and what fails is tried by the next. */
  async releaseGone(): Promise<{ readonly kept: number; readonly released: number }> {
    const kept = await this.list();
    const guids = kept.map(({ taskGuid }) => taskGuid);
    const rows = await this.#db
      .selectFrom("builds")
      .select("guid")
      .where(isOneOf(sql.ref("guid"), guids))
      .execute();
    const known = new Set(rows.map(({ guid }) => guid));
    const gone = kept.filter(({ taskGuid }) => !known.has(taskGuid));
    for (const { cell, taskGuid } of gone) {
      await cell.release(taskGuid).catch((error: unknown) => {
        this.#logger.info("kept-staging-not-released", { build: taskGuid, error });
      });
    }
    return { kept: kept.length, released: gone.length };
  }

  async #keptBy(isWanted: (cellId: string) => boolean): Promise<KeptStaging[]> {
    const cells = (await this.#bbs.cells()).filter(({ cellId }) => isWanted(cellId));
    const lists = await Promise.all(
      cells.map(async ({ cellId, repUrl }) => {
        const cell = this.#clientOf(repUrl);
        try {
          return (await cell.list()).map((task) => ({ ...task, cellId, cell }));
        } catch (error) {
          this.#logger.info("kept-stagings-not-told", { cellId, error });
          return [];
        }
      }),
    );
    return lists.flat();
  }
}
