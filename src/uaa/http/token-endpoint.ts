import type { FastifyInstance } from "fastify";
import { authorizationCodeGrant } from "../grants/authorization-code-grant.ts";
import { clientCredentialsGrant } from "../grants/client-credentials-grant.ts";
import { requireParameter } from "../grants/form-parameters.ts";
import type { Grant, GrantParts } from "../grants/grant.ts";
import { jwtBearerGrant } from "../grants/jwt-bearer-grant.ts";
import { passwordGrant } from "../grants/password-grant.ts";
import { refreshTokenGrant } from "../grants/refresh-token-grant.ts";
import type { GrantType } from "../clients/oauth-client.ts";
import { UaaError } from "../uaa-error.ts";
import { readForm } from "./form.ts";

const grants: Readonly<Record<GrantType, Grant>> = {
  password: passwordGrant,
  refresh_token: refreshTokenGrant,
  client_credentials: clientCredentialsGrant,
  authorization_code: authorizationCodeGrant,
  "urn:ietf:params:oauth:grant-type:jwt-bearer": jwtBearerGrant,
};

/** Parameters that must not be in a query, where logs and proxies keep them. */
const formOnly = [
  "assertion",
  "client_assertion",
  "client_secret",
  "code",
  "code_verifier",
  "passcode",
  "password",
  "refresh_token",
];

export function registerTokenEndpoint(app: FastifyInstance, parts: GrantParts): void {
  app.post("/oauth/token", async (request, reply) => {
    const query = new URLSearchParams(request.url.split("?")[1] ?? "");
    const misplaced = formOnly.find((name) => query.has(name));
    if (misplaced !== undefined) {
      throw new UaaError("invalid_request", `The parameter ${misplaced} belongs in the body`);
    }
    const form = readForm(request);
    const grantType = requireParameter(form, "grant_type");
    if (!isGrantType(grantType)) {
      throw new UaaError(
        "unsupported_grant_type",
        `Unsupported grant type: ${grantType.slice(0, 128)}`,
      );
    }
    const { authorization } = request.headers;
    void reply.header("pragma", "no-cache");
    return grants[grantType]({ form, query, authorization }, parts);
  });
}

function isGrantType(text: string): text is GrantType {
  return Object.hasOwn(grants, text);
}
