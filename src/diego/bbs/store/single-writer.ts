import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import type { EventHub } from "../events/event-hub.ts";
import { inEmissionOrder } from "../events/event-order.ts";
import type { BbsDatabase } from "./bbs-schema.ts";

/** What a transaction has changed; told to subscribers once it is committed. */
export interface Changes {
  readonly lrpEvents: LrpEvent[];
  readonly taskEvents: TaskEvent[];
}

interface SingleWriterOptions {
  readonly db: BbsDatabase;
  readonly lrpEvents: EventHub<LrpEvent>;
  readonly taskEvents: EventHub<TaskEvent>;
}

/**
 * Every change of the BBS goes through here, one transaction after the other, so that events leave in the order of the
 * commits that made them. A transaction only touches the database: HTTP calls come after it.
 */
export class SingleWriter {
  readonly #options: SingleWriterOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SingleWriterOptions) {
    this.#options = options;
  }

  /** @throws what `work` throws; then nothing is kept and nothing is told. */
  write<Result>(work: (tx: BbsDatabase, changes: Changes) => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => this.#transact(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #transact<Result>(
    work: (tx: BbsDatabase, changes: Changes) => Promise<Result>,
  ): Promise<Result> {
    const { db, lrpEvents, taskEvents } = this.#options;
    const changes: Changes = { lrpEvents: [], taskEvents: [] };
    const result = await db.transaction().execute((tx) => work(tx, changes));
    for (const event of inEmissionOrder(changes.lrpEvents)) lrpEvents.emit(event);
    for (const event of changes.taskEvents) taskEvents.emit(event);
    return result;
  }
}
