import { z } from "zod";
import type { ClientRegistry, GrantType, OauthClient } from "../clients/oauth-client.ts";
import { badClientCredentials, UaaError } from "../uaa-error.ts";
import type { GrantRequest } from "./grant.ts";

/** The origin of users whose password we keep. */
export const uaaOrigin = "uaa";

/** By a Basic header or by `client_id` and `client_secret` in the form; never by the query, which ends up in logs. */
export function authenticateClient(request: GrantRequest, clients: ClientRegistry): OauthClient {
  if (request.authorization !== undefined) {
    const { id, secret } = parseBasic(request.authorization);
    return clients.authenticate(id, secret);
  }
  const id = optionalParameter(request.form, "client_id");
  if (id === undefined) throw badClientCredentials();
  return clients.authenticate(id, optionalParameter(request.form, "client_secret") ?? "");
}

export function requireGrantType(client: OauthClient, grantType: GrantType): void {
  if (client.grantTypes.includes(grantType)) return;
  throw new UaaError("unauthorized_client", `Unauthorized grant type: ${grantType}`);
}

export function requireParameter(form: URLSearchParams, name: string): string {
  const value = optionalParameter(form, name);
  if (value === undefined) throw new UaaError("invalid_request", `Missing parameter: ${name}`);
  return value;
}

/** RFC 6749, 3.2: a parameter must not be given twice. */
export function optionalParameter(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1) {
    throw new UaaError("invalid_request", `The parameter ${name} was given more than once`);
  }
  return values[0];
}

const loginHint = z.object({ origin: z.string().min(1) });

/** The origin in `login_hint`; the texts are matched by the official client. */
export function requireKnownOrigin(request: GrantRequest): string {
  const text =
    optionalParameter(request.query, "login_hint") ?? optionalParameter(request.form, "login_hint");
  if (text === undefined || text === "") return uaaOrigin;
  const hint = loginHint.safeParse(parseJson(text));
  if (!hint.success) {
    throw new UaaError("invalid_request", "The origin provided in the login hint is invalid.");
  }
  if (hint.data.origin !== uaaOrigin) {
    throw new UaaError(
      "invalid_request",
      "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant.",
    );
  }
  return uaaOrigin;
}

function parseBasic(header: string): { readonly id: string; readonly secret: string } {
  const match = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header);
  const decoded = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon === -1) throw badClientCredentials();
  return { id: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
