import { createHash } from "node:crypto";
import type { Clock } from "#kernel/clock/clock.ts";
import { withDeadline } from "#kernel/clock/deadline.ts";
import { internalHeaders, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { requestIdHeaders } from "#kernel/http/request-id.ts";

export interface LogAccessConfig {
  /** Cloud Controller's internal URL; a function where it is known only after log-cache has started. */
  readonly logAccessUrl: string | (() => string);
  readonly secret: InternalSecret;
}

/** A taken right is noticed after that long. */
const cachedForMs = 5_000;
const maxCached = 10_000;
const askTimeoutMs = 10_000;

/**
 * Whether the bearer of a token may read a source. Cloud Controller knows; its answer is kept for some seconds, since a
 * tail asks four times a second.
 */
export class LogAccess {
  readonly #config: LogAccessConfig;
  readonly #clock: Clock;
  readonly #answers = new Map<
    string,
    { readonly askedAt: number; readonly answer: Promise<boolean> }
  >();

  constructor(config: LogAccessConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** @throws where Cloud Controller cannot be asked or has no clear answer. */
  async mayRead(authorization: string | undefined, sourceId: string): Promise<boolean> {
    if (authorization === undefined || !/^bearer \S+$/i.test(authorization)) return false;
    const key = createHash("sha256").update(`${sourceId}\n${authorization}`).digest("base64");
    const now = this.#clock.now().getTime();
    const known = this.#answers.get(key);
    if (known !== undefined && now - known.askedAt < cachedForMs) return known.answer;
    const answer = this.#ask(authorization, sourceId);
    this.#remember(key, { askedAt: now, answer });
    try {
      return await answer;
    } catch (error) {
      this.#answers.delete(key);
      throw error;
    }
  }

  #remember(key: string, entry: { askedAt: number; answer: Promise<boolean> }): void {
    this.#answers.delete(key);
    this.#answers.set(key, entry);
    if (this.#answers.size <= maxCached) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  async #ask(authorization: string, sourceId: string): Promise<boolean> {
    const { logAccessUrl, secret } = this.#config;
    const base = typeof logAccessUrl === "string" ? logAccessUrl : logAccessUrl();
    const url = `${base}/internal/v4/log_access/${encodeURIComponent(sourceId)}`;
    const status = await withDeadline({ clock: this.#clock, ms: askTimeoutMs }, async (signal) => {
      const response = await fetch(url, {
        headers: { ...internalHeaders(secret), ...requestIdHeaders(), authorization },
        signal,
      });
      await response.body?.cancel();
      return response.status;
    });
    if (status === 200) return true;
    if (status >= 400 && status < 500) return false;
    throw new Error(`Cannot learn who may read "${sourceId}": Cloud Controller answered ${status}`);
  }
}
