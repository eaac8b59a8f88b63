import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AuthContext } from "./auth-context.ts";
import { CfError } from "./cf-errors.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

const claimsSchema = z.object({
  user_id: z.string().max(200).optional(),
  user_name: z.string().max(1024).optional(),
  email: z.string().max(1024).optional(),
  client_id: z.string().max(1024).optional(),
  origin: z.string().max(1024).optional(),
  scope: z.array(z.string()).optional(),
  // Whole seconds that a clock can show.
  exp: z.int(),
  iat: z.int(),
});

/** How far the clocks of UAA and of this machine may be apart, for a token that says it was issued later than now. */
const clockSkewInSeconds = 60;

/** Turns an `Authorization` header into who makes the request; throws the 401 that Cloud Controller answers. */
export type Authenticate = (header: string | undefined) => Promise<AuthContext>;

/**
 * Verifies UAA's access tokens against its published keys, which are fetched once and again when a token names a key
 * that is not among them. RS256 alone, audience `cloud_controller`, issued by that UAA and not in the future; headers
 * such as `jku` are never followed.
 */
export function createAuthenticate(options: {
  /** UAA's URL with its path. */
  readonly uaaUrl: string;
  readonly clock: Clock;
}): Authenticate {
  const { uaaUrl, clock } = options;
  const keys = createRemoteJWKSet(new URL(`${uaaUrl}/token_keys`));
  const verified = new VerifiedTokens();
  return async (header) => {
    const token = bearerToken(header);
    const now = clock.now();
    const known = verified.find(token, now);
    if (known !== undefined) return known;
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        algorithms: ["RS256"],
        audience: "cloud_controller",
        issuer: `${uaaUrl}/oauth/token`,
        currentDate: now,
        clockTolerance: 0,
      }));
    } catch (error) {
      throw refusalOf(error);
    }
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success || claims.data.iat > now.getTime() / 1000 + clockSkewInSeconds) {
      throw new CfError("InvalidAuthToken");
    }
    const auth = authContextOf(claims.data);
    verified.remember(token, { auth, now, exp: claims.data.exp });
    return auth;
  };
}

function bearerToken(header: string | undefined): string {
  if (header === undefined || header.trim() === "") throw new CfError("NotAuthenticated");
  const match = /^bearer +([^\s,]+) *$/i.exec(header);
  const token = match?.[1];
  if (token === undefined) throw new CfError("InvalidAuthToken");
  return token;
}

/** What is wrong with the token is its bearer's fault; that the keys cannot be had is not. */
function refusalOf(error: unknown): CfError {
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
    return new CfError("UaaUnavailable", [], { cause: error });
  }
  return new CfError("InvalidAuthToken", [], { cause: error });
}

function authContextOf(claims: z.infer<typeof claimsSchema>): AuthContext {
  const scopes = new Set(claims.scope);
  return {
    userGuid: claims.user_id ?? claims.client_id ?? "",
    isClient: claims.user_id === undefined,
    userName: claims.user_name ?? "",
    email: claims.email ?? "",
    origin: claims.origin ?? "",
    scopes,
    isAdmin: scopes.has("cloud_controller.admin"),
    isAdminReadOnly: scopes.has("cloud_controller.admin_read_only"),
    isGlobalAuditor: scopes.has("cloud_controller.global_auditor"),
  };
}
