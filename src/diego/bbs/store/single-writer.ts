import { sql } from "kysely";
import { inThisContext, withoutLogData } from "#kernel/log/log-context.ts";
import type { LrpEvent, TaskEvent } from "#diego/models/event.ts";
import type { EventHub } from "../events/event-hub.ts";
import { inEmissionOrder } from "../events/event-order.ts";
import type { BbsDatabase } from "./bbs-schema.ts";

/** What a write has changed; told to subscribers once it is committed. */
export interface Changes {
  readonly lrpEvents: LrpEvent[];
  readonly taskEvents: TaskEvent[];
}

interface SingleWriterOptions {
  readonly db: BbsDatabase;
  readonly lrpEvents: Pick<EventHub<LrpEvent>, "emit">;
  readonly taskEvents: Pick<EventHub<TaskEvent>, "emit">;
}

type Work<Result> = (tx: BbsDatabase, changes: Changes) => Promise<Result>;

/** A write that waits for its turn. */
interface Waiting {
  /** Does the work; the returned function tells its outcome, once that is durable. */
  attempt(tx: BbsDatabase): Promise<() => void>;
  reject(error: unknown): void;
}

/** Writes that share a commit at most. */
const groupSize = 100;

/**
 * Every change of the BBS goes through here, one write after the other, so that events leave in the order of the writes
 * that made them. Writes that wait at the same time are committed together, each whole or not at all: a commit waits
 * for the disk, and cells report by the dozen. A write only touches the database: HTTP calls come after it.
 */
export class SingleWriter {
  readonly #options: SingleWriterOptions;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(options: SingleWriterOptions) {
    this.#options = options;
  }

  /** Resolves once it is durable. @throws what `work` throws; then nothing is kept and nothing is told. */
  write<Result>(work: Work<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({
      reject,
      attempt: inThisContext(async (tx) => {
        const changes: Changes = { lrpEvents: [], taskEvents: [] };
        try {
          await sql`savepoint write`.execute(tx);
          const result = await work(tx, changes);
          await sql`release write`.execute(tx);
          return () => {
            this.#tell(changes);
            resolve(result);
          };
        } catch (error) {
          // Where SQLite has ended the transaction by itself (a full disk), these fail, and with them the group.
          await sql`rollback to write`.execute(tx);
          await sql`release write`.execute(tx);
          return () => reject(error);
        }
      }),
    });
    if (!this.#isWriting) void withoutLogData(() => this.#writeWaiting());
    return promise;
  }

  async #writeWaiting(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, groupSize);
      this.#waiting = this.#waiting.slice(groupSize);
      await this.#commit(group);
    }
    this.#isWriting = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    try {
      await this.#options.db.transaction().execute(async (tx) => {
        for (const write of group) outcomes.push(await write.attempt(tx));
      });
    } catch (error) {
      for (const write of group) write.reject(error);
      return;
    }
    for (const tell of outcomes) tell();
  }

  #tell({ lrpEvents, taskEvents }: Changes): void {
    for (const event of inEmissionOrder(lrpEvents)) this.#options.lrpEvents.emit(event);
    for (const event of taskEvents) this.#options.taskEvents.emit(event);
  }
}
