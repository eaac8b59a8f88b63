import { randomBytes } from "node:crypto";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { parseJsonBody } from "../http/json-body.ts";
import { matchResources } from "./match-resources.ts";
import { parseResourceMatches } from "./messages.ts";
import { presentResource } from "./resource-presenter.ts";
import type { ResourceCache } from "./resource-cache.ts";

/** Three requests of 5,000 files, in pieces that hold nobody up. */
const pieces = 60;
const filesOfPiece = 250;
const pauseMs = 25;
/** A piece takes some milliseconds. Where one takes so long, the disk is cold or the machine busy: then it stays away. */
const tooLongMs = 250;

interface WarmUpContext {
  readonly cache: Pick<ResourceCache, "match" | "matchToUse">;
  readonly clock: Clock;
}

/**
 * Once, a while after the start. The first match of a process takes twice as long as the later ones otherwise: its code is
 * not compiled, no statement is prepared and no page of the index mapped.
 */
export class MatchingWarmUp implements AsyncDisposable {
  readonly #context: WarmUpContext & { readonly logger: Logger; readonly afterMs: number };
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(context: WarmUpContext & { readonly logger: Logger; readonly afterMs: number }) {
    this.#context = context;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, logger, afterMs } = this.#context;
    const { signal } = this.#stop;
    try {
      await clock.sleep(afterMs, signal);
      logger.debug("matching-warmed-up", { pieces: await warmUpMatching(this.#context, signal) });
    } catch (error) {
      if (!signal.aborted) logger.info("matching-not-warmed-up", { error });
    }
  }
}

/**
 * Matches files that nobody has, through the functions that answer a request; nothing is written, counted or logged as one.
 * Gives how many pieces of it were done.
 */
export async function warmUpMatching(
  { cache, clock }: WarmUpContext,
  signal: AbortSignal,
): Promise<number> {
  for (let piece = 0; piece < pieces; piece += 1) {
    const began = clock.now().getTime();
    await matchMadeUp(cache);
    if (clock.now().getTime() - began > tooLongMs) return piece + 1;
    await clock.sleep(pauseMs, signal);
  }
  return pieces;
}

async function matchMadeUp(cache: WarmUpContext["cache"]): Promise<void> {
  const resources = Array.from({ length: filesOfPiece }, (_, index) => ({
    checksum: { value: randomBytes(20).toString("hex") },
    size_in_bytes: index,
    path: `node_modules/made-up/file-${index}.js`,
    mode: "0644",
  }));
  const requested = parseResourceMatches(parseJsonBody(Buffer.from(JSON.stringify({ resources }))));
  const sha1s = requested.map(({ sha1 }) => sha1);
  await cache.match(sha1s, undefined);
  await cache.matchToUse(sha1s, undefined);
  // As if all of them had been found.
  const known = new Map(requested.map(({ sha1, size }) => [sha1, { size }]));
  JSON.stringify({ resources: matchResources(requested, known).map(presentResource) });
}
