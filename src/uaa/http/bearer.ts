import type { FastifyRequest } from "fastify";
import type { Bearer, TokenIssuer } from "../tokens/token-issuer.ts";
import { deadToken, InsufficientScope, MissingToken } from "../uaa-error.ts";

/** Who makes the request. Throws `UaaError` 401, or 403 where none of the scopes is held. */
export type Authenticate = (
  request: FastifyRequest,
  ...anyOfScopes: readonly string[]
) => Promise<Bearer>;

export function authenticateWith(tokens: TokenIssuer): Authenticate {
  return async (request, ...anyOfScopes) => {
    // Of two headers Node keeps the first; what stands before us may have judged the other, so neither counts.
    const [authorization = "", ...others] = request.raw.headersDistinct["authorization"] ?? [];
    // `cf logout` sends "Bearer bearer TOKEN": its stored token has the type in front.
    const match = /^(?:bearer +){1,2}([A-Za-z0-9_.-]+)$/i.exec(authorization);
    if (match?.[1] === undefined || others.length > 0) {
      throw /^bearer\b/i.test(authorization) ? deadToken() : new MissingToken();
    }
    const bearer = await tokens.bearerOf(match[1]);
    requireAnyScope(bearer, anyOfScopes);
    return bearer;
  };
}

export function requireAnyScope(bearer: Bearer, anyOf: readonly string[]): void {
  if (anyOf.length === 0 || hasAnyScope(bearer, anyOf)) return;
  throw new InsufficientScope(anyOf);
}

export function hasAnyScope(bearer: Bearer, anyOf: readonly string[]): boolean {
  return anyOf.some((scope) => bearer.scopes.includes(scope));
}
