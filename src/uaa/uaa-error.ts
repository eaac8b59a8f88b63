/** The error codes of UAA and OAuth 2 that we answer with, and their HTTP status. */
const statuses = {
  invalid_request: 400,
  invalid_scope: 400,
  invalid_grant: 400,
  unsupported_grant_type: 400,
  unauthorized_client: 400,
  invalid_scim_resource: 400,
  unauthorized: 401,
  invalid_client: 401,
  invalid_token: 401,
  access_denied: 403,
  insufficient_scope: 403,
  scim_resource_not_found: 404,
  not_found: 404,
  scim_resource_already_exists: 409,
  invalid_password: 422,
  too_many_requests: 429,
} as const;

export type UaaErrorCode = keyof typeof statuses;

/** A refusal, in UAA's own form `{error, error_description}`; the official client matches some descriptions literally. */
export class UaaError extends Error {
  readonly code: UaaErrorCode;
  constructor(code: UaaErrorCode, description: string) {
    super(description);
    this.name = "UaaError";
    this.code = code;
  }

  get httpStatus(): number {
    return statuses[this.code];
  }

  body(): { readonly error: string; readonly error_description: string } {
    return { error: this.code, error_description: this.message };
  }

  /** The challenge that goes with a 401 or 403 (RFC 6750, RFC 7617). */
  challenge(): string | undefined {
    if (this.code === "unauthorized" || this.code === "invalid_client") {
      return 'Basic realm="UAA/client"';
    }
    if (this.code === "invalid_token" || this.code === "insufficient_scope") {
      return `Bearer realm="oauth", error="${this.code}", error_description="${this.message}"`;
    }
    return undefined;
  }
}

export const badCredentials = () => new UaaError("unauthorized", "Bad credentials");
export const badClientCredentials = () => new UaaError("invalid_client", "Bad credentials");
export const accountLocked = () =>
  new UaaError(
    "unauthorized",
    "Your account has been locked because of too many failed attempts to login.",
  );
export const deadToken = () =>
  new UaaError("invalid_token", "The token expired, was revoked, or the token ID is incorrect.");
