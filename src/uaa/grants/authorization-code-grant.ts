import { UaaError } from "../uaa-error.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { Grant } from "./grant.ts";
import { requireActiveUser, requireGrantType, scopesOfUser } from "./grant-steps.ts";
import { checkCodeVerifier } from "./pkce.ts";

/** Exchanges the code of `/oauth/authorize`: programs with a browser, and the SSH proxy with what `cf ssh` hands it. */
export const authorizationCodeGrant: Grant = async (request, parts) => {
  const { form } = request;
  const { client, isPublic } = await authenticateClient(request, parts);
  requireGrantType(client, "authorization_code");
  const code = optionalParameter(form, "code");
  if (code === undefined) {
    throw new UaaError("invalid_request", "An authorization code must be supplied.");
  }
  // Gone, whatever is wrong with the rest of the request: a stolen code has one try.
  const redeemed = await parts.codes.redeem("authorization", code, parts.clock.now().getTime());
  if (redeemed === undefined) throw new UaaError("invalid_grant", "Invalid authorization code");
  const { content } = redeemed;
  checkCodeVerifier({
    challenge: content.challenge,
    verifier: optionalParameter(form, "code_verifier"),
    isPublic,
  });
  const redirectUri = optionalParameter(form, "redirect_uri");
  if (
    (redirectUri !== undefined || content.isRedirectUriGiven) &&
    redirectUri !== content.redirectUri
  ) {
    throw new UaaError("invalid_grant", "Redirect URI mismatch.");
  }
  if (content.clientId !== client.clientId) {
    throw new UaaError("invalid_client", "Client ID mismatch");
  }
  const user = await requireActiveUser(redeemed.userGuid, parts.users);
  const held = user.groups.filter((group) => content.scopes.includes(group));
  return parts.tokens.forNewSession({
    user,
    client,
    scopes: scopesOfUser({ ...user, groups: held }, client, undefined),
    grantType: "authorization_code",
    authenticatedAt: content.authenticatedAt,
    nonce: content.nonce,
  });
};
