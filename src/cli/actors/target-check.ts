import { parseAccessToken } from "../api/access-token.ts";
import type { ClientConfig, Named } from "../config/client-config.ts";
import { Failure } from "../failure.ts";

export interface User {
  readonly name: string;
  readonly origin: string;
  readonly isClient: boolean;
}

/** Who is logged in, by the token alone: no server is asked. */
export function currentUser(config: ClientConfig): User | undefined {
  const claims = parseAccessToken(config.values.AccessToken);
  if (claims === undefined) return undefined;
  const { user_name: userName, client_id: clientId, origin = "" } = claims;
  if (userName !== undefined) return { name: userName, origin, isClient: false };
  return clientId === undefined ? undefined : { name: clientId, origin, isClient: true };
}

export function requireUser(config: ClientConfig): User {
  const { Target, AccessToken, RefreshToken } = config.values;
  const user = currentUser(config);
  if (Target === "") {
    throw new Failure(
      "No API endpoint set. Use 'rivera login' or 'rivera api' to target an endpoint.",
    );
  }
  if ((AccessToken === "" && RefreshToken === "") || user === undefined) {
    throw new Failure(notLoggedIn);
  }
  return user;
}

export const notLoggedIn = "Not logged in. Use 'rivera login' or 'rivera login --sso' to log in.";

export function requireOrganization(config: ClientConfig): { user: User; organization: Named } {
  const user = requireUser(config);
  const { organization } = config;
  if (organization !== undefined) return { user, organization };
  throw new Failure("No org targeted, use 'rivera target -o ORG' to target an org.");
}

export interface Target {
  readonly user: User;
  readonly organization: Named;
  readonly space: Named;
}

/** What most commands need before they do anything. */
export function requireSpace(config: ClientConfig): Target {
  const { user, organization } = requireOrganization(config);
  const { space } = config;
  if (space !== undefined) return { user, organization, space };
  throw new Failure("No space targeted, use 'rivera target -s SPACE' to target a space.");
}
