import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { Agent, interceptors, request, type Dispatcher } from "undici";
import type { Checksum } from "#diego/models/action.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { handoverHeader } from "#kernel/http/file-handover.ts";
import { Slots } from "../slots.ts";
import { digestOf, type FileDigest } from "./file-digest.ts";

export interface DownloadRequest {
  readonly url: string;
  readonly checksum?: Checksum | undefined;
  /** Of an earlier download: nothing is fetched where it still holds. */
  readonly etag?: string | undefined;
}

export type Download = DownloadedFile | { readonly kind: "not-modified" };

/** Removed at the end of its scope. */
export interface DownloadedFile extends AsyncDisposable {
  readonly kind: "file";
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  readonly etag: string | undefined;
}

/** Its text names no URL: one that is signed is a key. */
export class DownloadFailed extends Error {
  override readonly name = "DownloadFailed";
}

const attempts = 4;
const idleTimeoutMs = 10_000;
const answerTimeoutMs = 30_000;
const overallTimeoutMs = 600_000;

/** Fetches files to the cell's disk: a few at once, with retries, its checksum verified. */
export class Downloader implements AsyncDisposable {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #guids: GuidSource;
  readonly #slots = new Slots(5);
  readonly #agent = new Agent({ bodyTimeout: idleTimeoutMs, headersTimeout: answerTimeoutMs });
  /** A store of several machines is where its owner sends us. */
  readonly #dispatcher: Dispatcher = this.#agent.compose(
    interceptors.redirect({ maxRedirections: 5 }),
  );
  #handoverDirectory: string | undefined;

  constructor(options: {
    readonly directory: string;
    readonly clock: Clock;
    readonly guids: GuidSource;
    /** Where a sender of this machine may put files; undefined: nowhere. */
    readonly handoverDirectory?: string | undefined;
  }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#guids = options.guids;
    this.#handoverDirectory = options.handoverDirectory;
  }

  /** @throws `DownloadFailed`, or the signal's reason */
  async fetch(request: DownloadRequest, signal: AbortSignal): Promise<Download> {
    await mkdir(this.#directory, { recursive: true });
    return await this.#slots.use(signal, () =>
      withDeadline({ clock: this.#clock, ms: overallTimeoutMs, signal }, (limited) =>
        this.#tryRepeatedly(request, limited),
      ),
    );
  }

  /** Removes what an earlier run, killed, has left. */
  async sweep(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.sweep();
  }

  async #tryRepeatedly(request: DownloadRequest, signal: AbortSignal): Promise<Download> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#tryOnce(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ChecksumMismatch) throw new DownloadFailed(error.message);
        if (attempt === attempts || isFinal(error)) {
          throw new DownloadFailed(`Download failed: ${reasonOf(error)}`, { cause: error });
        }
      }
      await this.#clock.sleep(Math.min(5_000, 500 * 2 ** (attempt - 1)), signal);
    }
  }

  async #tryOnce(wanted: DownloadRequest, signal: AbortSignal): Promise<Download> {
    const handed =
      this.#handoverDirectory === undefined
        ? undefined
        : path.join(this.#handoverDirectory, this.#guids());
    const response = await request(wanted.url, {
      dispatcher: this.#dispatcher,
      signal,
      headers: {
        ...(wanted.etag === undefined ? {} : { "if-none-match": wanted.etag }),
        ...(handed === undefined ? {} : { [handoverHeader]: path.basename(handed) }),
      },
    });
    const isHanded = handed !== undefined && response.headers[handoverHeader] !== undefined;
    if (response.statusCode !== 200 || isHanded) await response.body.dump();
    if (response.statusCode === 304 && wanted.etag !== undefined) return { kind: "not-modified" };
    if (response.statusCode !== 200) throw new UnexpectedStatus(response.statusCode);
    const file = isHanded ? handed : path.join(this.#directory, this.#guids());
    const remove = () => rm(file, { force: true });
    try {
      if (!isHanded) await pipeline(response.body, createWriteStream(file), { signal });
      const { bytes, sha256 } = await this.#verified(file, wanted.checksum, signal);
      const { etag } = response.headers;
      return {
        kind: "file",
        path: file,
        bytes,
        sha256,
        etag: typeof etag === "string" ? etag : undefined,
        [Symbol.asyncDispose]: remove,
      };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async #verified(
    file: string,
    checksum: Checksum | undefined,
    signal: AbortSignal,
  ): Promise<FileDigest> {
    let digest: FileDigest;
    try {
      digest = await digestOf(file, signal, checksum?.algorithm);
    } catch (error) {
      // Whoever answered is of another machine.
      this.#handoverDirectory = undefined;
      throw error;
    }
    if (checksum !== undefined && digest.asked !== checksum.value.toLowerCase()) {
      throw new ChecksumMismatch("Download failed: the checksum does not match");
    }
    return digest;
  }
}

class ChecksumMismatch extends Error {}

class UnexpectedStatus extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`Status code ${status}`);
    this.status = status;
  }
}

/** The original repeats these as well: a user waits for a cache that is not there. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof UnexpectedStatus)) return false;
  return error.status >= 400 && error.status < 500 && ![408, 429].includes(error.status);
}

function reasonOf(error: unknown): string {
  if (error instanceof UnexpectedStatus) return error.message;
  if (error instanceof Error && "code" in error) return String(error.code);
  return "the connection broke";
}
