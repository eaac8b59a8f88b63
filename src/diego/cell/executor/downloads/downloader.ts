import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Agent, fetch, type Response } from "undici";
import type { Checksum } from "#diego/models/action.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import type { GuidSource } from "#kernel/guid.ts";
import { Slots } from "../slots.ts";

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

  constructor(options: {
    readonly directory: string;
    readonly clock: Clock;
    readonly guids: GuidSource;
  }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#guids = options.guids;
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

  async #tryOnce(request: DownloadRequest, signal: AbortSignal): Promise<Download> {
    const response = await fetch(request.url, {
      dispatcher: this.#agent,
      signal,
      headers: request.etag === undefined ? {} : { "if-none-match": request.etag },
    });
    if (response.status === 304 && request.etag !== undefined) return { kind: "not-modified" };
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new UnexpectedStatus(response.status);
    }
    return await this.#store(response, request.checksum, signal);
  }

  async #store(
    response: Response,
    checksum: Checksum | undefined,
    signal: AbortSignal,
  ): Promise<DownloadedFile> {
    const file = path.join(this.#directory, this.#guids());
    const remove = () => rm(file, { force: true });
    try {
      const { bytes, sha256 } = await writeVerified(response, file, checksum, signal);
      return {
        kind: "file",
        path: file,
        bytes,
        sha256,
        etag: response.headers.get("etag") ?? undefined,
        [Symbol.asyncDispose]: remove,
      };
    } catch (error) {
      await remove();
      throw error;
    }
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

async function writeVerified(
  response: Response,
  file: string,
  checksum: Checksum | undefined,
  signal: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
  const sha256 = createHash("sha256");
  const expected = checksum === undefined ? undefined : createHash(checksum.algorithm);
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      sha256.update(chunk);
      expected?.update(chunk);
      done(null, chunk);
    },
  });
  // `pipeline` takes the web stream as the async iterable that it is.
  await pipeline(response.body ?? [], measure, createWriteStream(file), { signal });
  if (checksum !== undefined && expected?.digest("hex") !== checksum.value.toLowerCase()) {
    throw new ChecksumMismatch("Download failed: the checksum does not match");
  }
  return { bytes, sha256: sha256.digest("hex") };
}

function reasonOf(error: unknown): string {
  if (error instanceof UnexpectedStatus) return error.message;
  if (error instanceof Error && error.cause instanceof Error && "code" in error.cause) {
    return String(error.cause.code);
  }
  return "the connection broke";
}
