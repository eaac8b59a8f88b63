import type { Clock } from "#kernel/clock/clock.ts";
import type { OneTimeCodeTable } from "../codes/one-time-code-table.ts";
import type { SessionTable } from "../tokens/session-table.ts";
import type { TokenAnswer, TokenIssuer } from "../tokens/token-issuer.ts";
import type { PasswordLogin } from "../users/password-login.ts";
import type { UserTable } from "../users/user-table.ts";
import type { ClientAuthenticationParts } from "./client-authentication.ts";

/** A request to the token endpoint, as it came. */
export interface GrantRequest {
  readonly form: URLSearchParams;
  /** Holds `login_hint` where the official client was given an origin. */
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

export interface GrantParts extends ClientAuthenticationParts {
  readonly users: UserTable;
  readonly passwordLogin: PasswordLogin;
  readonly codes: OneTimeCodeTable;
  readonly sessions: SessionTable;
  readonly tokens: TokenIssuer;
  readonly clock: Clock;
}

/** One grant of OAuth 2, written as the list of its named steps (`grant-steps.ts`). Throws `UaaError`. */
export type Grant = (request: GrantRequest, parts: GrantParts) => Promise<TokenAnswer>;
