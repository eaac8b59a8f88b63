import type { FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { User, UserTable } from "../users/user-table.ts";
import { cookieOf } from "./cookies.ts";
import type { WebSessionTable } from "./web-session-table.ts";

export const sessionCookie = "uaa_session";

export interface LoggedIn {
  /** Who is logged in in the browser that asks. */
  find(
    request: FastifyRequest,
  ): Promise<{ readonly user: User; readonly authenticatedAt: number } | undefined>;
  /** The login page, which leads back to that path of ours. */
  loginUrl(returnTo: string): string;
  /** Where a login leads: back to a path of ours that `loginUrl` was made with, else to the login page itself. */
  returnUrl(returnTo: string | undefined): string;
}

/** Nobody is sent to another place after a login: only these paths of ours are gone back to. */
const returnPaths = /^\/(oauth\/authorize\?|passcode$)[\x21-\x7e]*$/;

export function createLoggedIn(parts: {
  readonly webSessions: WebSessionTable;
  readonly users: UserTable;
  readonly clock: Clock;
  readonly externalUrl: string;
}): LoggedIn {
  const { webSessions, users, clock, externalUrl } = parts;
  return {
    async find(request) {
      const token = cookieOf(request, sessionCookie);
      if (token === undefined) return undefined;
      const session = await webSessions.find(token, clock.now().getTime());
      const user = session === undefined ? undefined : await users.byGuid(session.userGuid);
      if (session === undefined || user?.isActive !== true) return undefined;
      return { user, authenticatedAt: session.authenticatedAt };
    },
    loginUrl: (returnTo) =>
      `${externalUrl}/login?${new URLSearchParams({ form_redirect_uri: returnTo }).toString()}`,
    returnUrl: (returnTo) =>
      returnTo !== undefined && returnPaths.test(returnTo)
        ? `${externalUrl}${returnTo}`
        : `${externalUrl}/login`,
  };
}
