import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ArchiveLimits, AssemblyRequest, CacheableFile } from "./assemble-package.ts";
import { CorruptResource, InvalidZip, ZipTooLarge } from "./invalid-zip.ts";
import type { PackedFile } from "./write-packs.ts";

export type AssemblyCall =
  | { readonly kind: "inspect"; readonly path: string; readonly limits: ArchiveLimits }
  | {
      readonly kind: "assemble";
      readonly request: AssemblyRequest;
      readonly limits: ArchiveLimits;
    };

export type AssemblyReply =
  | { readonly kind: "inspected"; readonly cacheable: readonly CacheableFile[] }
  | { readonly kind: "assembled"; readonly packed: readonly PackedFile[] }
  | { readonly kind: "invalid" | "too-large" | "corrupt" | "broken"; readonly message: string };

/** Makes one package in a thread of its own; see `assemble-package.ts`. Throws what is thrown there. */
export class AssemblyWorker implements AsyncDisposable {
  readonly #limits: ArchiveLimits;
  readonly #worker = new Worker(new URL("./assembly-thread.ts", import.meta.url));

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  async inspect(path: string): Promise<readonly CacheableFile[]> {
    const reply = await this.#call({ kind: "inspect", path, limits: this.#limits });
    if (reply.kind !== "inspected") throw new Error(`The assembly thread answered ${reply.kind}`);
    return reply.cacheable;
  }

  async assemble(request: AssemblyRequest): Promise<readonly PackedFile[]> {
    const reply = await this.#call({ kind: "assemble", request, limits: this.#limits });
    if (reply.kind !== "assembled") throw new Error(`The assembly thread answered ${reply.kind}`);
    return reply.packed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** One call at a time: its answer is the next message. */
  async #call(call: AssemblyCall): Promise<AssemblyReply> {
    const gone = new AbortController();
    const exited = once(this.#worker, "exit", { signal: gone.signal }).then(
      () => undefined,
      () => undefined,
    );
    const answered = once(this.#worker, "message", { signal: gone.signal });
    this.#worker.postMessage(call);
    try {
      const messages = await Promise.race([answered, exited]);
      if (messages === undefined) throw new Error("The assembly thread ended without an answer");
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
  if (reply.kind === "broken") throw new Error(`Cannot assemble the package: ${reply.message}`);
  return reply;
}
