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
 * UAA, no other issuer counts where no identity provider is set up, and we have none.
 */
export const jwtBearerGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  requireGrantType(client, grantType);
  const assertion = optionalParameter(request.form, "assertion");
  if (assertion === undefined) throw new UaaError("unauthorized", "Assertion is missing");
  const user = await userOf(assertion, parts);
  const scopes = scopesOfUser(user, client, optionalParameter(request.form, "scope"));
  return parts.tokens.forNewSession({ user, client, scopes, grantType });
};

async function userOf(assertion: string, { tokens, users }: GrantParts): Promise<User> {
  const claims = await tokens.signedClaims(assertion);
  // An access token must not be revoked, either. An ID token names no session: a new password ends it.
  if (sessionOfJti(claims.jti ?? "") !== undefined) await tokens.liveClaims(assertion);
  if (typeof claims["user_id"] !== "string") {
    throw new UaaError("invalid_grant", "User authentication not found");
  }
  const user = await requireActiveUser(claims["user_id"], users);
  const issuedBeforeMs = ((claims.iat ?? 0) + 1) * 1_000;
  if (issuedBeforeMs <= user.passwordChangedAt) throw deadToken();
  return user;
}
