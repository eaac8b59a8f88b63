import type { FastifyInstance } from "fastify";
import { authorizationCodeGrant } from "../grants/authorization-code-grant.ts";
import { clientCredentialsGrant } from "../grants/client-credentials-grant.ts";
import { authenticateClient } from "../grants/client-authentication.ts";
import { optionalParameter } from "../grants/form-parameters.ts";
import type { Grant, GrantParts } from "../grants/grant.ts";
import { jwtBearerGrant } from "../grants/jwt-bearer-grant.ts";
import { passwordGrant } from "../grants/password-grant.ts";
import { refreshTokenGrant } from "../grants/refresh-token-grant.ts";
import type { GrantType } from "../clients/oauth-client.ts";
import { UaaError } from "../uaa-error.ts";
import { readForm, registerPostOnly } from "./form.ts";

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
      throw new UaaError(
        "query_string_not_allowed",
        "Parameters must be passed in the body of the request",
      );
    }
    const form = readForm(request);
    const { authorization } = request.headers;
    const grantType = optionalParameter(form, "grant_type") ?? "";
    if (!isGrantType(grantType)) {
      // A client that is none hears of that first.
      await authenticateClient({ form, authorization }, parts);
      throw grantType === ""
        ? new UaaError("invalid_request", "Missing grant type")
        : new UaaError("unsupported_grant_type", "Unsupported grant type");
    }
    void reply.header("pragma", "no-cache");
    return grants[grantType]({ form, query, authorization }, parts);
  });
  registerPostOnly(app, "/oauth/token");
}

function isGrantType(text: string): text is GrantType {
  return Object.hasOwn(grants, text);
}
