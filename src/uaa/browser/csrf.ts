import { randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { UaaError } from "../uaa-error.ts";
import { cookie, cookieOf, type CookieScope } from "./cookies.ts";

/** UAA's name, of the cookie and of the field of every form. */
export const csrfName = "X-Uaa-Csrf";

/** The token for a form of the answer; sets the cookie that must come back with it. */
export function csrfToken(
  request: FastifyRequest,
  reply: FastifyReply,
  scope: CookieScope,
): string {
  const known = cookieOf(request, csrfName);
  if (known !== undefined && known.length === 43) return known;
  const token = randomBytes(32).toString("base64url");
  void reply.header("set-cookie", cookie(csrfName, token, scope));
  return token;
}

/** Throws unless the form is one that we gave to this browser. */
export function checkCsrf(request: FastifyRequest, form: URLSearchParams): void {
  const expected = Buffer.from(cookieOf(request, csrfName) ?? "");
  const given = Buffer.from(form.get(csrfName) ?? "");
  const isSame =
    expected.length === 43 && expected.length === given.length && timingSafeEqual(expected, given);
  if (!isSame) {
    throw new UaaError(
      "access_denied",
      "The form is not from this browser, or its cookie is gone. Open the page again.",
    );
  }
}
