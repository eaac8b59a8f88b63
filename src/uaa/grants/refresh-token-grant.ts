import type { Session } from "../tokens/session-table.ts";
import { scopeList } from "../tokens/scopes.ts";
import { deadToken, UaaError } from "../uaa-error.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { Grant } from "./grant.ts";
import { requireGrantType, scopesOfUser } from "./grant-steps.ts";

/** Before a request where the access token has less than a minute left. The refresh token stays the same. */
export const refreshTokenGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  requireGrantType(client, "refresh_token");
  const refreshToken = optionalParameter(request.form, "refresh_token") ?? "";
  if (refreshToken === "") {
    throw new UaaError("invalid_request", "refresh_token parameter not provided");
  }
  const session = await parts.sessions.byRefreshToken(refreshToken, parts.clock.now().getTime());
  if (session === undefined || session.clientId !== client.clientId) throw deadToken();
  const user = await parts.users.byGuid(session.userGuid);
  if (user === undefined || !user.isActive) throw deadToken();
  const requested = optionalParameter(request.form, "scope");
  requireNarrower(session, requested);
  // A group that was taken away is gone from the next token on.
  const held = user.groups.filter((group) => session.scopes.includes(group));
  const scopes = scopesOfUser({ ...user, groups: held }, client, requested);
  return parts.tokens.forSession({ user, client, session: { ...session, scopes }, refreshToken });
};

/** A refresh never widens, not even by a group that the user has got meanwhile. */
function requireNarrower({ scopes }: Session, requested: string | undefined): void {
  const wanted = scopeList(requested);
  if (wanted.every((scope) => scopes.includes(scope))) return;
  throw new UaaError(
    "invalid_scope",
    `Unable to narrow the scope of the client authentication to [${wanted.join(", ").slice(0, 256)}].`,
  );
}
