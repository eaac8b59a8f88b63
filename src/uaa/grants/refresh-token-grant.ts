import { grantScopes } from "../tokens/scopes.ts";
import { deadToken } from "../uaa-error.ts";
import type { Grant } from "./grant.ts";
import {
  authenticateClient,
  optionalParameter,
  requireGrantType,
  requireParameter,
} from "./grant-steps.ts";

/** Before a request where the access token has less than a minute left. The refresh token stays the same. */
export const refreshTokenGrant: Grant = async (request, parts) => {
  const client = authenticateClient(request, parts.clients);
  requireGrantType(client, "refresh_token");
  const refreshToken = requireParameter(request.form, "refresh_token");
  const session = await parts.sessions.byRefreshToken(refreshToken, parts.clock.now().getTime());
  if (session === undefined || session.clientId !== client.clientId) throw deadToken();
  const user = await parts.users.byGuid(session.userGuid);
  if (user === undefined) throw deadToken();
  // A group that was taken away is gone from the next token on.
  const scopes = grantScopes({
    held: user.groups.filter((group) => session.scopes.includes(group)),
    allowed: client.scopes,
    requested: optionalParameter(request.form, "scope"),
  });
  return parts.tokens.forSession({ user, client, session: { ...session, scopes }, refreshToken });
};
