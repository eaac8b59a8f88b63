import { UaaError } from "../uaa-error.ts";
import { authenticateClient } from "./client-authentication.ts";
import { optionalParameter } from "./form-parameters.ts";
import type { Grant } from "./grant.ts";
import {
  requireGrantType,
  requireKnownOrigin,
  scopesOfUser,
  userOfPasscode,
} from "./grant-steps.ts";

/** `cf login`, `cf auth`: with a password, or with the passcode of `cf login --sso`. */
export const passwordGrant: Grant = async (request, parts) => {
  const { client } = await authenticateClient(request, parts);
  requireGrantType(client, "password");
  const passcode = optionalParameter(request.form, "passcode");
  const user =
    passcode === undefined
      ? await parts.passwordLogin.login(
          optionalParameter(request.form, "username") ?? "",
          requireKnownOrigin(request),
          requirePassword(request.form),
        )
      : await userOfPasscode(passcode, parts);
  const scopes = scopesOfUser(user, client, optionalParameter(request.form, "scope"));
  return parts.tokens.forNewSession({ user, client, scopes, grantType: "password" });
};

function requirePassword(form: URLSearchParams): string {
  const password = optionalParameter(form, "password");
  if (password === undefined) throw new UaaError("invalid_client", "No password supplied");
  return password;
}
