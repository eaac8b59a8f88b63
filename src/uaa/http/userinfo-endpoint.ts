import type { FastifyInstance } from "fastify";
import { UaaError } from "../uaa-error.ts";
import type { UserTable } from "../users/user-table.ts";
import type { Authenticate } from "./bearer.ts";

/** OpenID Connect: who the bearer of a token is. */
export function registerUserinfoEndpoint(
  app: FastifyInstance,
  parts: { readonly users: UserTable; readonly authenticate: Authenticate },
): void {
  app.route({
    method: ["GET", "POST"],
    url: "/userinfo",
    exposeHeadRoute: false,
    handler: async (request) => {
      const bearer = await parts.authenticate(request, "openid");
      const user = await parts.users.byGuid(bearer.userGuid ?? "");
      if (user === undefined) {
        throw new UaaError("access_denied", "The token is a client's: there is no user");
      }
      return {
        sub: user.guid,
        user_id: user.guid,
        user_name: user.userName,
        name: [user.givenName, user.familyName].filter(Boolean).join(" "),
        given_name: user.givenName,
        family_name: user.familyName,
        email: user.email,
        email_verified: user.isVerified,
        origin: user.origin,
      };
    },
  });
}
