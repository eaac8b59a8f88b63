import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { parseScim } from "../scim/scim-message.ts";
import type { Bearer } from "../tokens/token-issuer.ts";
import { UaaError } from "../uaa-error.ts";
import type { PasswordHasher } from "../users/password-hasher.ts";
import type { PasswordLogin } from "../users/password-login.ts";
import { requirePasswordPolicy } from "../users/password-policy.ts";
import type { User, UserTable } from "../users/user-table.ts";
import type { Authenticate } from "./bearer.ts";
import { existing } from "./user-endpoints.ts";

const passwordMessage = z.object({
  oldPassword: z.string().max(4_096).nullish(),
  password: z.string().max(4_096),
});

export interface PasswordEndpointParts {
  readonly users: UserTable;
  readonly passwordLogin: PasswordLogin;
  readonly hasher: PasswordHasher;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
}

/** `cf passwd`, and an administrator's change of anybody's password. All logins of the user end. */
export function registerPasswordEndpoint(app: FastifyInstance, parts: PasswordEndpointParts): void {
  const { users, hasher, clock } = parts;

  app.put<{ Params: { guid: string } }>("/Users/:guid/password", async (request) => {
    const bearer = await parts.authenticate(request, "password.write", "uaa.admin");
    const message = parseScim(passwordMessage, request.body);
    const oldPassword = message.oldPassword ?? "";
    requireOldPasswordOf(bearer, request.params.guid, oldPassword);
    const user = await existing(users, request.params.guid);
    if (oldPassword !== "") await checkOldPassword(user, oldPassword, parts.passwordLogin);
    if (await hasher.isRight(user.passwordHash, message.password)) {
      throw new UaaError(
        "invalid_password",
        "Your new password cannot be the same as the old password.",
        422,
      );
    }
    requirePasswordPolicy(message.password);
    const passwordHash = await hasher.hash(message.password);
    await users.setPassword(user.guid, passwordHash, clock.now().getTime());
    return { status: "ok", message: "password updated" };
  });
}

/** UAA's rules: a client is trusted; an administrator needs the old password for the own one; others have but that. */
function requireOldPasswordOf(bearer: Bearer, guid: string, oldPassword: string): void {
  if (bearer.userGuid === undefined) return;
  const isAdmin = bearer.scopes.includes("uaa.admin");
  if (bearer.userGuid !== guid) {
    if (isAdmin) return;
    throw new UaaError("invalid_password", "Not permitted to change another user's password");
  }
  if (oldPassword !== "") return;
  throw new UaaError(
    "invalid_password",
    isAdmin ? "Previous password is required even for admin" : "Previous password is required",
  );
}

/** Counts towards the lock: a stolen token must not be a way to guess the password. */
async function checkOldPassword(
  user: User,
  oldPassword: string,
  passwordLogin: PasswordLogin,
): Promise<void> {
  try {
    await passwordLogin.login(user.userName, user.origin, oldPassword);
  } catch (error) {
    const isWrong = error instanceof UaaError && error.message === "Bad credentials";
    throw isWrong ? new UaaError("unauthorized", "Old password is incorrect") : error;
  }
}
