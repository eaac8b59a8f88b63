import { z } from "zod";
import type { GrantType, OauthClient } from "../clients/oauth-client.ts";
import { grantScopes } from "../tokens/scopes.ts";
import { badCredentials, UaaError } from "../uaa-error.ts";
import type { User, UserTable } from "../users/user-table.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { GrantParts, GrantRequest } from "./grant.ts";

/** The origin of users whose password we keep. */
export const uaaOrigin = "uaa";

/** UAA's own answer: 401 with `invalid_client`, where OAuth 2 has 400 with `unauthorized_client`. */
export function requireGrantType(client: OauthClient, grantType: GrantType): void {
  if (client.grantTypes.includes(grantType)) return;
  throw new UaaError("invalid_client", "Unauthorized grant type");
}

const loginHint = z.object({ origin: z.string().min(1) });

/** The origin in `login_hint`; the texts are matched by the official client. */
export function requireKnownOrigin(request: GrantRequest): string {
  const text =
    optionalParameter(request.query, "login_hint") ?? optionalParameter(request.form, "login_hint");
  if (text === undefined || text === "") return uaaOrigin;
  const hint = loginHint.safeParse(parseJson(text));
  if (!hint.success) {
    throw new UaaError("unauthorized", "The origin provided in the login hint is invalid.");
  }
  if (hint.data.origin !== uaaOrigin) {
    throw new UaaError(
      "unauthorized",
      "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant.",
    );
  }
  return uaaOrigin;
}

/** `cf login --sso`: whoever logged in at the page of the passcode. */
export async function userOfPasscode(passcode: string, parts: GrantParts): Promise<User> {
  if (passcode === "") throw new UaaError("unauthorized", "Passcode information is missing.");
  const redeemed = await parts.codes.redeem("passcode", passcode, parts.clock.now().getTime());
  if (redeemed === undefined) throw new UaaError("unauthorized", "Invalid passcode");
  return requireActiveUser(redeemed.userGuid, parts.users);
}

export async function requireActiveUser(guid: string, users: UserTable): Promise<User> {
  const user = await users.byGuid(guid);
  if (user === undefined || !user.isActive) throw badCredentials();
  return user;
}

/** What the user's tokens through that client may carry, or of that what is asked for. */
export function scopesOfUser(
  user: User,
  client: OauthClient,
  requested: string | undefined,
): string[] {
  return grantScopes({ held: user.groups, allowed: client.scopes, requested });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
