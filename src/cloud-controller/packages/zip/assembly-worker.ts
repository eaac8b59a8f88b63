import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { BlobstoreFull } from "#blobstore/blobstore.ts";
import type {
  ArchiveLimits,
  AssembledPackage,
  AssemblyRequest,
  CacheableFile,
} from "./assemble-package.ts";
import { CorruptResource, InvalidZip, ZipTooLarge } from "./invalid-zip.ts";
import { toColumns, type MatchedColumns } from "./matched-columns.ts";

export type AssemblyCall =
  | { readonly kind: "inspect"; readonly path: string; readonly limits: ArchiveLimits }
  | {
      readonly kind: "assemble";
      readonly request: Omit<AssemblyRequest, "matched">;
      readonly matched: MatchedColumns;
      readonly limits: ArchiveLimits;
      /** Whether the last `inspect` was of this package; of nothing uploaded there is none. */
      readonly isInspected: boolean;
    };

export type AssemblyReply =
  | { readonly kind: "inspected"; readonly cacheable: readonly CacheableFile[] }
  | { readonly kind: "assembled"; readonly assembled: AssembledPackage }
  | {
      readonly kind: "invalid" | "too-large" | "corrupt" | "full" | "broken";
      readonly message: string;
    };

/**
 * Objects of a few hundred bytes for each of 15,000 files outlive a young generation that is small for the sake of an idle
 * platform: to clear them took a third of the thread's time. Nothing of it stays with a thread that waits.
 */
const youngMb = 48;

/**
 * A waiting thread collects nothing: after a package of a million files it would keep 700 MB. One of 15,000 files leaves
 * some 60.
 */
const keptHeapBytes = 192 * 1024 * 1024;

/** Threads that have made a package wait for the next: to start one takes as long as a small package. */
export class AssemblyThreads implements AsyncDisposable {
  readonly #idle = new Set<Worker>();
  readonly #most: number;
  readonly #heapBytes: number;
  #isOpen = true;

  /**
   * @param most threads that are kept; more may be out at once.
   * @param heapBytes of a thread that is kept, at most.
   */
  constructor(most: number, heapBytes = keptHeapBytes) {
    this.#most = most;
    this.#heapBytes = heapBytes;
  }

  take(): Worker {
    const [thread] = this.#idle;
    if (thread === undefined) return this.#start();
    this.#idle.delete(thread);
    return thread;
  }

  /** A thread that has answered all it was asked. */
  async giveBack(thread: Worker): Promise<void> {
    if (await this.#isToKeep(thread)) this.#idle.add(thread);
    else await thread.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    for (const thread of this.#idle) await thread.terminate();
  }

  async #isToKeep(thread: Worker): Promise<boolean> {
    // One that is still starting cannot tell.
    const heap = await thread.getHeapStatistics().catch(() => undefined);
    const isSmall = heap === undefined || heap.total_heap_size <= this.#heapBytes;
    const isRunning = thread.threadId !== -1;
    return isSmall && isRunning && this.#isOpen && this.#idle.size < this.#most;
  }

  #start(): Worker {
    const thread = new Worker(new URL("./assembly-thread.ts", import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    });
    const gone = () => this.#idle.delete(thread);
    return thread.once("exit", gone).once("error", gone);
  }
}

/** Makes one package in a thread; see `assemble-package.ts`. Throws what is thrown there. */
export class AssemblyWorker implements AsyncDisposable {
  readonly #limits: ArchiveLimits;
  readonly #threads: AssemblyThreads;
  readonly #worker: Worker;
  #isInspected = false;
  #isAnswered = true;

  constructor(limits: ArchiveLimits, threads: AssemblyThreads) {
    this.#limits = limits;
    this.#threads = threads;
    this.#worker = threads.take();
  }

  async inspect(path: string): Promise<readonly CacheableFile[]> {
    const reply = await this.#call({ kind: "inspect", path, limits: this.#limits });
    if (reply.kind !== "inspected") throw new Error(`The assembly thread answered ${reply.kind}`);
    this.#isInspected = true;
    return reply.cacheable;
  }

  async assemble({ matched, ...request }: AssemblyRequest): Promise<AssembledPackage> {
    const isInspected = this.#isInspected;
    const reply = await this.#call({
      kind: "assemble",
      request,
      matched: toColumns(matched),
      limits: this.#limits,
      isInspected,
    });
    if (reply.kind !== "assembled") throw new Error(`The assembly thread answered ${reply.kind}`);
    return reply.assembled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isAnswered) await this.#threads.giveBack(this.#worker);
    else await this.#worker.terminate();
  }

  /** One call at a time: its answer is the next message. */
  async #call(call: AssemblyCall): Promise<AssemblyReply> {
    const gone = new AbortController();
    const exited = once(this.#worker, "exit", { signal: gone.signal }).then(
      () => undefined,
      () => undefined,
    );
    const answered = once(this.#worker, "message", { signal: gone.signal });
    this.#isAnswered = false;
    this.#worker.postMessage(call);
    try {
      const messages = await Promise.race([answered, exited]);
      if (messages === undefined) throw new Error("The assembly thread ended without an answer");
      this.#isAnswered = true;
      return checked(messages[0]);
    } finally {
      gone.abort();
      await answered.catch(() => undefined);
    }
  }
}

function checked(reply: AssemblyReply): AssemblyReply {
  if (reply.kind === "invalid") throw new InvalidZip(reply.message);
  if (reply.kind === "too-large") throw new ZipTooLarge(reply.message);
  if (reply.kind === "corrupt") throw new CorruptResource(reply.message);
  if (reply.kind === "full") throw new BlobstoreFull(reply.message);
  if (reply.kind === "broken") throw new Error(`Cannot assemble the package: ${reply.message}`);
  return reply;
}
