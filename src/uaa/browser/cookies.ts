import type { FastifyRequest } from "fastify";

export interface CookieScope {
  /** UAA's public URL: cookies go to its path alone, and over TLS alone where it has that. */
  readonly externalUrl: string;
}

/** `Set-Cookie`. Scripts never see it, and other sites' forms do not send it along. */
export function cookie(
  name: string,
  value: string,
  options: CookieScope & { readonly maxAgeSeconds?: number },
): string {
  const url = new URL(options.externalUrl);
  return [
    `${name}=${value}`,
    `Path=${url.pathname}`,
    "HttpOnly",
    "SameSite=Lax",
    ...(url.protocol === "https:" ? ["Secure"] : []),
    ...(options.maxAgeSeconds === undefined ? [] : [`Max-Age=${options.maxAgeSeconds}`]),
  ].join("; ");
}

/** The value of a cookie that a request carries; ours are all base64url. */
export function cookieOf(request: FastifyRequest, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const found = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return found !== undefined && /^[\w-]{1,128}$/.test(found) ? found : undefined;
}
