import { grantScopes } from "../tokens/scopes.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { Grant } from "./grant.ts";
import { requireGrantType } from "./grant-steps.ts";

/** `cf auth --client-credentials`, and parts of a platform that speak for themselves. */
export const clientCredentialsGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  requireGrantType(client, "client_credentials");
  const scopes = grantScopes({
    held: client.authorities,
    allowed: client.authorities,
    requested: optionalParameter(request.form, "scope"),
  });
  return parts.tokens.forClient(client, scopes);
};
