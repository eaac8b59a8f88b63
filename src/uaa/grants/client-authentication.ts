import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import type { Clock } from "#kernel/clock/clock.ts";
import { isSecretOf } from "../clients/client-secret.ts";
import type { ClientTable } from "../clients/client-table.ts";
import type { OauthClient } from "../clients/oauth-client.ts";
import { badCredentials, UaaError } from "../uaa-error.ts";
import type { PasswordHasher } from "../users/password-hasher.ts";
import { optionalParameter } from "./form-parameters.ts";

export interface AuthenticatedClient {
  readonly client: OauthClient;
  /** It showed no secret: such a one proves itself by PKCE alone. */
  readonly isPublic: boolean;
}

export interface ClientAuthenticationParts {
  readonly clients: ClientTable;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  /** What a `client_assertion` must be made for. */
  readonly tokenEndpoint: string;
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * Which client asks: by a Basic header, by `client_id` and `client_secret` in the form, or by a `client_assertion`
 * signed with a key of its own; never by the query, which ends up in logs.
 */
export async function authenticateClient(
  request: { readonly form: URLSearchParams; readonly authorization: string | undefined },
  parts: ClientAuthenticationParts,
): Promise<AuthenticatedClient> {
  const { form, authorization } = request;
  if (optionalParameter(form, "client_assertion_type") === jwtBearer) {
    return bySignature(form, parts);
  }
  if (authorization !== undefined) {
    const { id, secret } = parseBasic(authorization);
    return bySecret({ id, secret, form }, parts);
  }
  const id = optionalParameter(form, "client_id");
  if (id === undefined) throw badCredentials();
  return bySecret({ id, secret: optionalParameter(form, "client_secret") ?? "", form }, parts);
}

/** An unknown client and a wrong secret are answered alike; ids of clients are no secret, so the time may tell. */
async function bySecret(
  given: { readonly id: string; readonly secret: string; readonly form: URLSearchParams },
  parts: ClientAuthenticationParts,
): Promise<AuthenticatedClient> {
  const client = await parts.clients.find(given.id);
  if (client === undefined) throw badCredentials();
  // Without a verifier too where the client has no secret at all: else its code would need no PKCE.
  const redeemsCode =
    optionalParameter(given.form, "grant_type") === "authorization_code" &&
    (given.form.has("code_verifier") || client.secretHash === "");
  if (client.allowPublic && given.secret === "" && redeemsCode) {
    return { client, isPublic: true };
  }
  // A client that has a key of its own instead of a secret is none that is known by having none.
  const hasKeyInstead = client.secretHash === "" && client.jwks !== undefined;
  if (hasKeyInstead || !(await isSecretOf(client.secretHash, given.secret, parts.hasher))) {
    throw badCredentials();
  }
  return { client, isPublic: false };
}

/** RFC 7523, section 2.2, with UAA's texts. Only keys that are stored with the client are used: none is fetched. */
async function bySignature(
  form: URLSearchParams,
  parts: ClientAuthenticationParts,
): Promise<AuthenticatedClient> {
  const assertion = optionalParameter(form, "client_assertion") ?? "";
  const clientId = subjectOf(assertion);
  const named = optionalParameter(form, "client_id");
  if (named !== undefined && named !== clientId) {
    throw new UaaError("invalid_client", "Wrong client_assertion");
  }
  const client = await parts.clients.find(clientId);
  if (client?.jwks === undefined) throw badCredentials();
  try {
    await jwtVerify(assertion, createLocalJWKSet(client.jwks), {
      algorithms: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
      issuer: clientId,
      subject: clientId,
      audience: parts.tokenEndpoint,
      requiredClaims: ["exp", "jti"],
      currentDate: parts.clock.now(),
    });
  } catch {
    throw new UaaError("invalid_client", "Unauthorized client_assertion");
  }
  return { client, isPublic: false };
}

function subjectOf(assertion: string): string {
  try {
    const { sub } = decodeJwt(assertion);
    if (sub !== undefined) return sub;
  } catch {
    throw new UaaError("invalid_client", "Bad client_assertion");
  }
  throw badCredentials();
}

/** RFC 6749, 2.3.1: id and secret are encoded as in a form. */
function parseBasic(header: string): { readonly id: string; readonly secret: string } {
  const match = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header);
  const decoded = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon === -1) throw new UaaError("invalid_client", "Invalid basic authentication token");
  return {
    id: formDecoded(decoded.slice(0, colon)),
    secret: formDecoded(decoded.slice(colon + 1)),
  };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new UaaError("invalid_client", "Failed to URL Decode credentials");
  }
}
