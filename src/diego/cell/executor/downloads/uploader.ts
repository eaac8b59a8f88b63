import { createReadStream } from "node:fs";
import { link, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { Agent, request } from "undici";
import type { Clock } from "#kernel/clock/clock.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { handoverHeader } from "#kernel/http/file-handover.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { Slots } from "../slots.ts";
import { digestOf } from "./file-digest.ts";

const attempts = 3;
const pauseMs = 500;
const chunkBytes = 1024 * 1024;
// The receiver answers once it has stored what may be a gigabyte.
const answerTimeoutMs = 600_000;

/** Its text names no URL: one that is signed is a key. */
export class UploadFailed extends Error {
  override readonly name = "UploadFailed";
}

export interface Upload {
  readonly url: string;
  /** Writes what is to be sent into a new file. */
  readonly copyTo: (file: string) => Promise<void>;
  /** Checksum (SHA-256, hex) of what the receiver has: the same is not sent again. */
  readonly knownSha256?: string | undefined;
  /** Gets the file while it is sent; it is there until the promise is settled. */
  readonly use?: ((file: UploadedFile) => Promise<void>) | undefined;
}

export interface UploadedFile {
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
}

export interface Uploaded {
  readonly bytes: number;
  readonly isUnchanged: boolean;
}

/** Sends files out of containers: a few at once, with retries and checksums for the receiver to compare. */
export class Uploader implements AsyncDisposable {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #guids: GuidSource;
  readonly #logger: Logger;
  readonly #slots = new Slots(5);
  readonly #uses = new Set<Promise<void>>();
  #handoverDirectory: string | undefined;
  readonly #agent = new Agent({ headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });

  constructor(options: {
    readonly directory: string;
    readonly clock: Clock;
    readonly guids: GuidSource;
    readonly logger: Logger;
    /** Where files are handed to a receiver of this machine; undefined: none are. */
    readonly handoverDirectory?: string | undefined;
  }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#guids = options.guids;
    this.#logger = options.logger;
    this.#handoverDirectory = options.handoverDirectory;
  }

  /**
   * The content is a file of the cell before it is sent, so that an attempt can be repeated.
   *
   * @throws `UploadFailed`, the copy's own error, or the signal's reason
   */
  async upload({ url, copyTo, knownSha256, use }: Upload, signal: AbortSignal): Promise<Uploaded> {
    return await this.#slots.use(signal, async () => {
      await mkdir(this.#directory, { recursive: true });
      const file = path.join(this.#directory, this.#guids());
      let used: Promise<void> | undefined;
      try {
        await copyTo(file);
        const { bytes, sha256 } = await digestOf(file, signal);
        if (sha256 === knownSha256) return { bytes, isUnchanged: true };
        used = use?.({ path: file, sha256 });
        await this.#sendRepeatedly(url, { path: file, bytes, sha256 }, signal);
        return { bytes, isUnchanged: false };
      } finally {
        if (used === undefined) await rm(file, { force: true });
        else this.#removeAfter(used, file);
      }
    });
  }

  #removeAfter(use: Promise<void>, file: string): void {
    const removal = use
      .catch((error: unknown) => this.#logger.warn("uploaded-file-not-used", { error }))
      .then(() => rm(file, { force: true }))
      .finally(() => this.#uses.delete(removal));
    this.#uses.add(removal);
  }

  /** Removes what an earlier run, killed, has left. */
  async sweep(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await Promise.allSettled(this.#uses);
    await this.sweep();
  }

  async #sendRepeatedly(url: string, file: Payload, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#sendOnce(url, file, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        this.#logger.warn("upload-attempt-failed", { attempt, error });
        if (attempt === attempts) throw new UploadFailed("Upload failed", { cause: error });
        // It may be of another machine: bytes reach it all the same.
        this.#handoverDirectory = undefined;
      }
      await this.#clock.sleep(pauseMs, signal);
    }
  }

  async #sendOnce(url: string, file: Payload, signal: AbortSignal): Promise<void> {
    const digest = Buffer.from(file.sha256, "hex").toString("base64");
    const headers = {
      ...requestIdHeaders(),
      "content-type": "application/octet-stream",
      "content-digest": `sha-256=:${digest}:`,
    };
    const handed = await this.#hand(file.path);
    try {
      await this.#post(url, signal, {
        headers: {
          ...headers,
          ...(handed === undefined
            ? { "content-length": String(file.bytes) }
            : { [handoverHeader]: path.basename(handed) }),
        },
        body:
          handed === undefined ? createReadStream(file.path, { highWaterMark: chunkBytes }) : null,
      });
    } finally {
      if (handed !== undefined) await rm(handed, { force: true });
    }
  }

  async #post(
    url: string,
    signal: AbortSignal,
    what: { readonly headers: Record<string, string>; readonly body: Readable | null },
  ): Promise<void> {
    const options = { method: "POST", dispatcher: this.#agent, signal, ...what } as const;
    const response = await request(url, options);
    await response.body.dump();
    if (response.statusCode >= 300) throw new Error(`Status code ${response.statusCode}`);
  }

  /** A second name of the file, for a receiver of this machine to take; undefined where that cannot be. */
  async #hand(file: string): Promise<string | undefined> {
    if (this.#handoverDirectory === undefined) return undefined;
    const handed = path.join(this.#handoverDirectory, this.#guids());
    try {
      await link(file, handed);
      return handed;
    } catch (error) {
      this.#logger.info("no-handover", { error });
      this.#handoverDirectory = undefined;
      return undefined;
    }
  }
}

interface Payload extends UploadedFile {
  readonly bytes: number;
}
