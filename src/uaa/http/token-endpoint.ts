import type { FastifyInstance } from "fastify";
import { clientCredentialsGrant } from "../grants/client-credentials-grant.ts";
import type { Grant, GrantParts } from "../grants/grant.ts";
import { requireParameter } from "../grants/grant-steps.ts";
import { passwordGrant } from "../grants/password-grant.ts";
import { refreshTokenGrant } from "../grants/refresh-token-grant.ts";
import { sessionOfJti } from "../tokens/access-token.ts";
import { UaaError } from "../uaa-error.ts";
import type { Authenticate } from "./bearer.ts";

const grants: ReadonlyMap<string, Grant> = new Map([
  ["password", passwordGrant],
  ["refresh_token", refreshTokenGrant],
  ["client_credentials", clientCredentialsGrant],
]);

/** Parameters that must not be in a query, where logs and proxies keep them. */
const formOnly = ["client_secret", "password", "refresh_token", "passcode"];

export function registerTokenEndpoint(
  app: FastifyInstance,
  parts: GrantParts & { readonly authenticate: Authenticate },
): void {
  app.post("/oauth/token", async (request, reply) => {
    const query = new URLSearchParams(request.url.split("?")[1] ?? "");
    const misplaced = formOnly.find((name) => query.has(name));
    if (misplaced !== undefined) {
      throw new UaaError("invalid_request", `The parameter ${misplaced} belongs in the body`);
    }
    if (!(request.body instanceof URLSearchParams)) {
      throw new UaaError("invalid_request", "The body must be a form");
    }
    const form = request.body;
    const grantType = requireParameter(form, "grant_type");
    const grant = grants.get(grantType);
    if (grant === undefined) {
      throw new UaaError(
        "unsupported_grant_type",
        `Unsupported grant type: ${grantType.slice(0, 128)}`,
      );
    }
    const { authorization } = request.headers;
    void reply.header("cache-control", "no-store").header("pragma", "no-cache");
    return grant({ form, query, authorization }, parts);
  });

  // `cf logout`. Whoever holds a session's token may end that session; an administrator any.
  app.delete<{ Params: { jti: string } }>("/oauth/token/revoke/:jti", async (request) => {
    const bearer = await parts.authenticate(request);
    const session = sessionOfJti(request.params.jti);
    const owner = session === undefined ? undefined : await parts.sessions.owner(session);
    const mayEnd = owner === bearer.userGuid || bearer.scopes.includes("uaa.admin");
    if (session === undefined || owner === undefined || !mayEnd) {
      throw new UaaError("not_found", "There is no such token");
    }
    await parts.sessions.end(session);
    return { status: "ok" };
  });
}
