import { Worker } from "node:worker_threads";

/** Rows changed since the last checkpoint, above which the next is due: with their indexes about a thousand pages. */
const changesBetween = 300;

/**
 * Copies what the write-ahead log holds into the database's file, in a thread of its own: thousands of pages are written
 * and synced there, and a commit that did it held every request up for so long. The thread starts when it is first needed.
 */
export class BackgroundCheckpoints {
  readonly #path: string;
  #thread: Worker | undefined;
  #isRunning = false;
  #isUsable = true;
  #changes = 0;
  #changesBefore = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** To be called after each commit, with how many rows the connection has changed since it was opened. */
  committed(totalChanges: number): void {
    this.#changes = totalChanges;
    this.#startWhereDue();
  }

  close(): void {
    this.#isUsable = false;
    void this.#thread?.terminate();
  }

  #startWhereDue(): void {
    if (!this.#isUsable || this.#isRunning) return;
    if (this.#changes - this.#changesBefore < changesBetween) return;
    this.#changesBefore = this.#changes;
    this.#isRunning = true;
    this.#thread ??= this.#start();
    this.#thread.postMessage("checkpoint");
  }

  #start(): Worker {
    const thread = new Worker(new URL("./checkpoint-thread.ts", import.meta.url), {
      workerData: this.#path,
    });
    thread.on("message", () => {
      this.#isRunning = false;
      // What was committed meanwhile may be the last for a long time.
      this.#startWhereDue();
    });
    // Without it commits do what is due themselves, once the log is large.
    thread.on("error", () => (this.#isUsable = false));
    thread.unref();
    return thread;
  }
}
