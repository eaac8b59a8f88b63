import type { Readable } from "node:stream";
import { Counter, Histogram, type Registry } from "prom-client";
import { secondsBuckets } from "#kernel/metrics/registry.ts";
import type { BlobInfo, BlobKey, Blobstore, BlobStat, KeyOfContent } from "./blobstore.ts";

/** Hands everything on to a store, and counts it. */
export class MeteredBlobstore implements Blobstore {
  readonly #store: Blobstore;
  readonly #operations: Counter<"operation" | "result">;
  readonly #durations: Histogram<"operation">;
  readonly #writtenBytes: Counter;

  constructor(store: Blobstore, registry: Registry) {
    const registers = [registry];
    this.#store = store;
    this.#operations = new Counter({
      name: "rivera_blobstore_operations_total",
      help: "What was asked of the store, and whether it could do it",
      labelNames: ["operation", "result"],
      registers,
    });
    this.#durations = new Histogram({
      name: "rivera_blobstore_operation_duration_seconds",
      help: "How long the store took; of a get until it began to send",
      labelNames: ["operation"],
      buckets: secondsBuckets,
      registers,
    });
    this.#writtenBytes = new Counter({
      name: "rivera_blobstore_written_bytes_total",
      help: "Bytes of the blobs that were stored",
      registers,
    });
  }

  async put(key: BlobKey | KeyOfContent, content: Readable): Promise<BlobInfo> {
    const info = await this.#metered("put", () => this.#store.put(key, content));
    this.#writtenBytes.inc(info.size);
    return info;
  }

  async putFile(key: BlobKey | KeyOfContent, path: string, known?: BlobInfo): Promise<BlobInfo> {
    const info = await this.#metered("put", () => this.#store.putFile(key, path, known));
    this.#writtenBytes.inc(info.size);
    return info;
  }

  async get(
    key: BlobKey,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Readable> {
    return await this.#metered("get", () => this.#store.get(key, range));
  }

  async link(key: BlobKey, path: string): Promise<boolean> {
    return await this.#metered("link", () => this.#store.link(key, path));
  }

  async stat(key: BlobKey): Promise<BlobStat | undefined> {
    return await this.#metered("stat", () => this.#store.stat(key));
  }

  async delete(key: BlobKey): Promise<void> {
    await this.#metered("delete", () => this.#store.delete(key));
  }

  paths(prefix: {
    readonly bucket: BlobKey["bucket"];
    readonly folder: string;
  }): AsyncIterable<string> {
    return this.#store.paths(prefix);
  }

  async deleteAll(prefix: {
    readonly bucket: BlobKey["bucket"];
    readonly folder: string;
  }): Promise<void> {
    await this.#metered("delete", () => this.#store.deleteAll(prefix));
  }

  async signedUrl(key: BlobKey): Promise<string | undefined> {
    return await this.#store.signedUrl(key);
  }

  async #metered<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const done = this.#durations.startTimer({ operation });
    let result = "failed";
    try {
      const value = await work();
      result = "done";
      return value;
    } finally {
      done();
      this.#operations.inc({ operation, result });
    }
  }
}
