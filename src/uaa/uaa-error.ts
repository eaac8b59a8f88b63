/** The error codes of UAA and OAuth 2 that we answer with, and the HTTP status that usually goes with each. */
const statuses = {
  invalid_request: 400,
  invalid_scope: 400,
  invalid_grant: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unauthorized_client: 400,
  invalid_scim_resource: 400,
  scim: 400,
  unauthorized: 401,
  invalid_client: 401,
  invalid_token: 401,
  login_required: 401,
  access_denied: 403,
  insufficient_scope: 403,
  invalid_self_edit: 403,
  scim_resource_not_found: 404,
  member_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  query_string_not_allowed: 406,
  scim_resource_already_exists: 409,
  scim_resource_conflict: 409,
  member_already_exists: 409,
  invalid_password: 400,
  too_many_requests: 429,
} as const;

export type UaaErrorCode = keyof typeof statuses;

/** A refusal, in UAA's own form `{error, error_description}`; the official client matches some descriptions literally. */
export class UaaError extends Error {
  readonly code: UaaErrorCode;
  readonly httpStatus: number;

  /** `httpStatus` where the same code comes with another one at one place. */
  constructor(code: UaaErrorCode, description: string, httpStatus: number = statuses[code]) {
    super(description);
    this.name = "UaaError";
    this.code = code;
    this.httpStatus = httpStatus;
  }

  /** SCIM's readers look for `message`. */
  body(): Readonly<Record<"error" | "error_description", string>> &
    Readonly<Partial<Record<"message" | "scope", string>>> {
    const isScim = /^(scim|invalid_scim|invalid_password|invalid_self|member)/.test(this.code);
    return {
      error: this.code,
      error_description: this.message,
      ...(isScim ? { message: this.message } : {}),
    };
  }

  /** The challenge that goes with a 401 or 403 (RFC 6750, RFC 7617), with UAA's realms. */
  challenge(): string | undefined {
    if (this.httpStatus !== 401 && this.httpStatus !== 403) return undefined;
    if (this.code === "unauthorized" || this.code === "invalid_client") {
      return this.challengeOf('Basic realm="UAA/client"', "unauthorized");
    }
    if (this.code === "invalid_token" || this.code === "insufficient_scope") {
      return this.challengeOf('Bearer realm="UAA/oauth"', this.code);
    }
    return undefined;
  }

  protected challengeOf(realm: string, error: UaaErrorCode): string {
    return `${realm}, error="${error}", error_description="${quotable(this.message)}"`;
  }
}

/** A resource was asked for without a token: `unauthorized`, but what is missing is one of those. */
export class MissingToken extends UaaError {
  constructor() {
    super("unauthorized", "Full authentication is required to access this resource");
  }

  override challenge(): string {
    return this.challengeOf('Bearer realm="UAA/oauth"', "unauthorized");
  }
}

/** A token is good, but not for that: the body names the scopes of which one would be. */
export class InsufficientScope extends UaaError {
  readonly #anyOf: readonly string[];

  constructor(anyOf: readonly string[]) {
    super("insufficient_scope", "Insufficient scope for this resource");
    this.#anyOf = anyOf;
  }

  override body() {
    return { ...super.body(), scope: this.#anyOf.join(" ") };
  }
}

/** What RFC 6750 allows in a challenge: printable ASCII without quotes and backslashes. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "?");
}

/** A user's and a client's alike, as in UAA: the code is `invalid_client` in both cases. */
export const badCredentials = () => new UaaError("invalid_client", "Bad credentials");
export const accountLocked = () =>
  new UaaError(
    "unauthorized",
    "Your account has been locked because of too many failed attempts to login.",
  );
export const deadToken = () =>
  new UaaError("invalid_token", "The token expired, was revoked, or the token ID is incorrect.");
