import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AuthContext } from "./auth-context.ts";
import { CfError } from "./cf-errors.ts";

/** Requests an interval; undefined where nothing is limited. */
export interface RateLimits {
  /** Of one user or client. */
  readonly general: number;
  /** From one address without a token. */
  readonly unauthenticated: number;
  /** Of an administrator; undefined: no limit. */
  readonly admin?: number;
  readonly intervalMinutes: number;
}

/** Callers that are remembered at most; beyond it the one seen first is forgotten. */
const maximumCallers = 100_000;

interface Count {
  requests: number;
  readonly endsAt: number;
}

/** Counts requests by caller in intervals that begin with the caller's first. */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Counts a request and tells the caller where it stands (`X-RateLimit-*`).
   *
   * @throws 429 beyond the limit, with `Retry-After` on the reply
   */
  admit(request: FastifyRequest, reply: FastifyReply, auth: AuthContext | undefined): void {
    if (isExempt(request)) return;
    const limit = this.#limitOf(auth);
    if (limit === undefined) return;
    const key = auth === undefined ? `address:${request.ip}` : `user:${auth.userGuid}`;
    const now = this.#clock.now().getTime();
    const count = this.#count(key, now);
    const secondsLeft = Math.max(1, Math.ceil((count.endsAt - now) / 1000));
    reply.header("X-RateLimit-Limit", String(limit));
    reply.header("X-RateLimit-Remaining", String(Math.max(0, limit - count.requests)));
    reply.header("X-RateLimit-Reset", String(Math.ceil(count.endsAt / 1000)));
    if (count.requests <= limit) return;
    reply.header("Retry-After", String(secondsLeft));
    throw new CfError(auth === undefined ? "IPBasedRateLimitExceeded" : "RateLimitExceeded");
  }

  #limitOf(auth: AuthContext | undefined): number | undefined {
    if (auth === undefined) return this.#limits.unauthenticated;
    return auth.isAdmin || auth.isAdminReadOnly ? this.#limits.admin : this.#limits.general;
  }

  #count(key: string, now: number): Count {
    const known = this.#counts.get(key);
    if (known !== undefined && known.endsAt > now) {
      known.requests += 1;
      return known;
    }
    // Deleted first, so that the order of the map is the order of the intervals' begins.
    this.#counts.delete(key);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size >= maximumCallers && oldest !== undefined) this.#counts.delete(oldest);
    const fresh = { requests: 1, endsAt: now + this.#limits.intervalMinutes * 60_000 };
    this.#counts.set(key, fresh);
    return fresh;
  }
}

/** Where clients begin, and what is asked with a name and a password. */
function isExempt(request: FastifyRequest): boolean {
  return (
    /^\/(v2\/info|v3|healthz|internal.*)?$/.test(request.url) ||
    /^basic /i.test(request.headers.authorization ?? "")
  );
}
