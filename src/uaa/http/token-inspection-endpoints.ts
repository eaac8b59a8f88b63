import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JWTPayload } from "jose";
import { authenticateClient } from "../grants/client-authentication.ts";
import { optionalParameter } from "../grants/form-parameters.ts";
import type { GrantParts } from "../grants/grant.ts";
import { UaaError } from "../uaa-error.ts";
import type { Authenticate } from "./bearer.ts";
import { readForm, registerPostOnly } from "./form.ts";

type Parts = GrantParts & { readonly authenticate: Authenticate };

/** What a token says and whether it is still good, for services (`uaa.resource`) that do not check tokens themselves. */
export function registerTokenInspectionEndpoints(app: FastifyInstance, parts: Parts): void {
  app.post("/check_token", async (request) => {
    const form = readForm(request);
    await requireResourceServer(request, form, parts);
    const claims = await liveClaims(optionalParameter(form, "token") ?? "", parts);
    const held = scopesOf(claims).map((scope) => scope.toLowerCase());
    const missing = (optionalParameter(form, "scopes") ?? "")
      .split(",")
      .filter((scope) => scope !== "" && !held.includes(scope.toLowerCase()));
    if (missing.length > 0) {
      throw new UaaError(
        "invalid_scope",
        `Some requested scopes are missing: ${missing.join(",").slice(0, 256)}`,
      );
    }
    return claims;
  });

  registerPostOnly(app, "/check_token");
  registerPostOnly(app, "/introspect");

  // RFC 7662: a token that is not good is an answer, not an error.
  app.post("/introspect", async (request) => {
    const form = readForm(request);
    await requireResourceServer(request, form, parts);
    try {
      return { ...(await liveClaims(optionalParameter(form, "token") ?? "", parts)), active: true };
    } catch (error) {
      if (error instanceof UaaError && error.code === "invalid_token") return { active: false };
      throw error;
    }
  });
}

/** By its own token, or by id and secret, as a client. */
async function requireResourceServer(
  request: FastifyRequest,
  form: URLSearchParams,
  parts: Parts,
): Promise<void> {
  const { authorization } = request.headers;
  if (/^bearer /i.test(authorization ?? "")) {
    await parts.authenticate(request, "uaa.resource");
    return;
  }
  const { client } = await authenticateClient({ form, authorization }, parts);
  if (!client.authorities.includes("uaa.resource")) {
    throw new UaaError("access_denied", "Access is denied");
  }
}

/** The client has shown who it is: a bad token of somebody else's is a bad request, not a 401. */
async function liveClaims(token: string, { tokens }: GrantParts): Promise<JWTPayload> {
  if (token === "") throw new UaaError("invalid_token", "Token parameter must be set", 400);
  try {
    return await tokens.liveClaims(token);
  } catch (error) {
    if (!(error instanceof UaaError)) throw error;
    throw new UaaError("invalid_token", error.message, 400);
  }
}

function scopesOf(claims: JWTPayload): string[] {
  return Array.isArray(claims["scope"]) ? claims["scope"].map(String) : [];
}
