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
  body(): Readonly<Record<"error" | "error_description", string>> & { readonly message?: string } {
    const isScim = /^(scim|invalid_scim|invalid_password|invalid_self|member)/.test(this.code);
    return {
      error: this.code,
      error_description: this.message,
      ...(isScim ? { message: this.message } : {}),
    };
  }

  /** The challenge that goes with a 401 or 403 (RFC 6750, RFC 7617). */
  challenge(): string | undefined {
    if (this.httpStatus !== 401 && this.httpStatus !== 403) return undefined;
    if (this.code === "unauthorized" || this.code === "invalid_client") {
      return 'Basic realm="UAA/client"';
    }
    if (this.code === "invalid_token" || this.code === "insufficient_scope") {
      return `Bearer realm="oauth", error="${this.code}", error_description="${quotable(this.message)}"`;
    }
    return undefined;
  }
}

/** What RFC 6750 allows in a challenge: printable ASCII without quotes and backslashes. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "?");
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
