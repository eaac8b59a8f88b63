import { grantScopes } from "../tokens/scopes.ts";
import type { Grant } from "./grant.ts";
import {
  authenticateClient,
  optionalParameter,
  requireGrantType,
  requireKnownOrigin,
  requireParameter,
} from "./grant-steps.ts";

/** `cf login`, `cf auth`. */
export const passwordGrant: Grant = async (request, { clients, passwordLogin, tokens }) => {
  const client = authenticateClient(request, clients);
  requireGrantType(client, "password");
  const origin = requireKnownOrigin(request);
  const userName = requireParameter(request.form, "username");
  const password = requireParameter(request.form, "password");
  const user = await passwordLogin.login(userName, origin, password);
  const scopes = grantScopes({
    held: user.groups,
    allowed: client.scopes,
    requested: optionalParameter(request.form, "scope"),
  });
  return tokens.forNewSession(user, client, scopes);
};
