import { grantScopes } from "../tokens/scopes.ts";
import type { Grant } from "./grant.ts";
import { authenticateClient, optionalParameter, requireGrantType } from "./grant-steps.ts";

/** `cf auth --client-credentials`, and parts of a platform that speak for themselves. */
export const clientCredentialsGrant: Grant = async (request, { clients, tokens }) => {
  const client = authenticateClient(request, clients);
  requireGrantType(client, "client_credentials");
  const scopes = grantScopes({
    held: client.authorities,
    allowed: client.authorities,
    requested: optionalParameter(request.form, "scope"),
  });
  return tokens.forClient(client, scopes);
};
