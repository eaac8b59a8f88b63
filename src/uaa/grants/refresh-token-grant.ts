import { deadToken } from "../uaa-error.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter, requireParameter } from "./form-parameters.ts";
import type { Grant } from "./grant.ts";
import { requireGrantType, scopesOfUser } from "./grant-steps.ts";

/** Before a request where the access token has less than a minute left. The refresh token stays the same. */
export const refreshTokenGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  requireGrantType(client, "refresh_token");
  const refreshToken = requireParameter(request.form, "refresh_token");
  const session = await parts.sessions.byRefreshToken(refreshToken, parts.clock.now().getTime());
  if (session === undefined || session.clientId !== client.clientId) throw deadToken();
  const user = await parts.users.byGuid(session.userGuid);
  if (user === undefined || !user.isActive) throw deadToken();
  // A group that was taken away is gone from the next token on.
  const held = user.groups.filter((group) => session.scopes.includes(group));
  const scopes = scopesOfUser(
    { ...user, groups: held },
    client,
    optionalParameter(request.form, "scope"),
  );
  return parts.tokens.forSession({ user, client, session: { ...session, scopes }, refreshToken });
};
