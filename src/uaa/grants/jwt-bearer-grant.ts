import { decodeJwt, type JWTPayload } from "jose";
import { sessionOfJti } from "../tokens/access-token.ts";
import { deadToken, UaaError } from "../uaa-error.ts";
import type { User } from "../users/user-table.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { Grant, GrantParts } from "./grant.ts";
import { requireActiveUser, requireGrantType, scopesOfUser } from "./grant-steps.ts";

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * `cf auth --assertion`: a user's token of ours, an ID token above all, gets that user a token of another client. As in
 * UAA, no other issuer counts where no identity provider is set up, and we have none; and the assertion is looked at
 * before whether the client may have one.
 */
export const jwtBearerGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  const assertion = optionalParameter(request.form, "assertion");
  if (assertion === undefined) throw new UaaError("unauthorized", "Assertion is missing");
  const user = await userOf(assertion, parts);
  requireGrantType(client, grantType);
  const scopes = scopesOfUser(user, client, optionalParameter(request.form, "scope"));
  return parts.tokens.forNewSession({ user, client, scopes, grantType });
};

async function userOf(assertion: string, { tokens, users }: GrantParts): Promise<User> {
  requireOurIssuer(unverifiedClaims(assertion), tokens.issuer);
  const claims = await tokens.signedClaims(assertion);
  // An access token must not be revoked, either. An ID token names no session: a new password ends it.
  if (sessionOfJti(claims.jti ?? "") !== undefined) await tokens.liveClaims(assertion);
  if (typeof claims["user_id"] !== "string") throw deadToken();
  const user = await requireActiveUser(claims["user_id"], users);
  const issuedBeforeMs = ((claims.iat ?? 0) + 1) * 1_000;
  if (issuedBeforeMs <= user.passwordChangedAt) throw deadToken();
  return user;
}

/** Says in UAA's words where such a token could come from at all; a client's own token names no origin. */
function requireOurIssuer(claims: JWTPayload, issuer: string): void {
  if (claims.iss === undefined || claims.iss === "") {
    throw new UaaError("unauthorized", "Issuer is missing in id_token");
  }
  if (claims.iss !== issuer || typeof claims["origin"] !== "string") {
    throw new UaaError(
      "unauthorized",
      `Unable to map issuer, ${claims.iss} , to a single registered provider`,
    );
  }
}

function unverifiedClaims(assertion: string): JWTPayload {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new UaaError("unauthorized", "Unable to decode expected id_token");
  }
}
