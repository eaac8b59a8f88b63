import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "#kernel/clock/clock.ts";

/** Seconds that a URL for a download or an upload lives, as Cloud Controller's do. */
const signedUrlSeconds = 3600;

/**
 * URLs that carry their own permission: an HMAC over method, path and expiry in the query. Whoever has one may do that
 * one thing until it expires; no secret goes to a cell or into a container's environment.
 */
export class SignedUrls {
  readonly #secret: string;
  readonly #clock: Clock;

  constructor(secret: string, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  /** `path` with an encoded query or none; `permanent` for what a running app needs again at any time. */
  sign(
    method: "GET" | "POST",
    path: string,
    options: { readonly permanent?: boolean } = {},
  ): string {
    const expires =
      options.permanent === true
        ? 0
        : Math.floor(this.#clock.now().getTime() / 1000) + signedUrlSeconds;
    const signature = this.#signature({ method, path, expires });
    return `${path}${path.includes("?") ? "&" : "?"}expires=${expires}&signature=${signature}`;
  }

  /** Whether `url` (path and query) came from `sign` for that method and has not expired. */
  verify(method: string, url: string): boolean {
    const match = /^(.*)[?&]expires=(\d{1,12})&signature=([0-9a-f]{64})$/.exec(url);
    if (match === null) return false;
    const [, path = "", expiry = "", given = ""] = match;
    const expires = Number(expiry);
    const expected = this.#signature({ method: method === "HEAD" ? "GET" : method, path, expires });
    if (!timingSafeEqual(Buffer.from(given, "hex"), Buffer.from(expected, "hex"))) return false;
    return expires === 0 || expires * 1000 > this.#clock.now().getTime();
  }

  #signature(what: {
    readonly method: string;
    readonly path: string;
    readonly expires: number;
  }): string {
    return createHmac("sha256", this.#secret)
      .update(`${what.method}\n${what.path}\n${what.expires}`)
      .digest("hex");
  }
}
