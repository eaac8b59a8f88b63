import type { ClientTable } from "../clients/client-table.ts";
import type { OauthClient } from "../clients/oauth-client.ts";
import { optionalParameter } from "../grants/form-parameters.ts";
import { codeChallenge, type CodeChallenge } from "../grants/pkce.ts";
import { UaaError } from "../uaa-error.ts";
import { resolveRedirectUri } from "./redirect-uri.ts";

/** A request for a code that may be answered by a redirect: its client and where to are known to be good. */
export interface AuthorizationRequest {
  readonly client: OauthClient;
  readonly redirectUri: string;
  readonly isRedirectUriGiven: boolean;
  readonly requestedScopes: string | undefined;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly prompt: string | undefined;
  readonly challenge: CodeChallenge | undefined;
}

/**
 * Reads the parameters of `/oauth/authorize`, in UAA's order of checks. What is wrong here is answered to the browser
 * itself: nobody is redirected to where an unknown client wants.
 *
 * @throws UaaError
 */
export async function readAuthorizationRequest(
  parameters: URLSearchParams,
  clients: ClientTable,
): Promise<AuthorizationRequest> {
  if (parameters.has("client_secret")) {
    throw new UaaError("invalid_request", "The parameter client_secret does not belong here");
  }
  const clientId = optionalParameter(parameters, "client_id") ?? "";
  const client = await clients.find(clientId);
  if (client === undefined) {
    throw new UaaError("invalid_client", `No client with requested id: ${clientId.slice(0, 128)}`);
  }
  // The implicit grant is out of date (RFC 9700), and off here.
  if (optionalParameter(parameters, "response_type") !== "code") {
    throw new UaaError("unsupported_response_type", "Unsupported response types");
  }
  const challenge = codeChallenge(
    optionalParameter(parameters, "code_challenge"),
    optionalParameter(parameters, "code_challenge_method"),
  );
  if (!client.grantTypes.includes("authorization_code")) {
    throw new UaaError("unauthorized_client", "Unauthorized grant type: authorization_code");
  }
  const requested = optionalParameter(parameters, "redirect_uri");
  return {
    client,
    redirectUri: resolveRedirectUri(client, requested),
    isRedirectUriGiven: requested !== undefined,
    requestedScopes: optionalParameter(parameters, "scope"),
    state: optionalParameter(parameters, "state"),
    nonce: optionalParameter(parameters, "nonce"),
    prompt: optionalParameter(parameters, "prompt"),
    challenge,
  };
}

/** The scopes that the user must agree to. */
export function unapproved(client: OauthClient, scopes: readonly string[]): readonly string[] {
  const approved = client.autoApprove;
  return approved === "all" ? [] : scopes.filter((scope) => !approved.includes(scope));
}
