import { z } from "zod";
import { isRegistrable } from "../authorize/redirect-uri.ts";
import type { NewClient } from "../clients/client-table.ts";
import { grantTypes, type OauthClient } from "../clients/oauth-client.ts";
import { UaaError } from "../uaa-error.ts";

/** A list of words: an array, or in one text with commas. */
const words = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",").map((word) => word.trim()) : value),
  z.array(z.string().min(1).max(512).regex(/^\S+$/, "must not hold white space")).max(200),
);

const seconds = z.number().int().min(1).max(315_360_000);

const clientMessage = z.object({
  client_id: z.string().min(1).max(255),
  client_secret: z.string().max(255).optional(),
  authorized_grant_types: words.optional(),
  scope: words.optional(),
  authorities: words.optional(),
  redirect_uri: words.nullish(),
  autoapprove: z.union([z.boolean(), words]).nullish(),
  access_token_validity: seconds.nullish(),
  refresh_token_validity: seconds.nullish(),
  allowpublic: z.boolean().nullish(),
  name: z.string().max(255).nullish(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(10) }).optional(),
});

export type ClientMessage = z.infer<typeof clientMessage>;

/** UAA's own defaults. */
const twelveHours = 43_200;
const thirtyDays = 2_592_000;

/** @throws UaaError `invalid_client` with 400, as UAA answers what it cannot make a client of */
export function readClientMessage(body: unknown): ClientMessage {
  const parsed = clientMessage.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidClient(z.prettifyError(parsed.error));
}

/**
 * The client that a message makes, with UAA's rules and texts; what a change leaves out stays as it was.
 * @throws UaaError `invalid_client` with 400
 */
export function clientOf(
  message: ClientMessage,
  known: OauthClient | undefined,
): Omit<NewClient, "secretHash"> {
  const client = {
    clientId: message.client_id,
    grantTypes: readGrantTypes(message.authorized_grant_types, known),
    scopes: message.scope ?? known?.scopes ?? ["uaa.none"],
    authorities: message.authorities ?? known?.authorities ?? ["uaa.none"],
    redirectUris: message.redirect_uri ?? known?.redirectUris ?? [],
    autoApprove: autoApprove(message.autoapprove) ?? known?.autoApprove ?? [],
    accessTokenValidity: message.access_token_validity ?? known?.accessTokenValidity ?? twelveHours,
    refreshTokenValidity:
      message.refresh_token_validity ?? known?.refreshTokenValidity ?? thirtyDays,
    allowPublic: message.allowpublic ?? known?.allowPublic ?? false,
    name: message.name ?? known?.name,
    jwks: message.jwks ?? known?.jwks,
  };
  if (/[/\\]/.test(client.clientId)) {
    throw invalidClient(
      `Not allowed characters: ${client.clientId} must not contain any of [/, \\]`,
    );
  }
  const wrong = client.redirectUris.find((uri) => !isRegistrable(uri));
  if (wrong !== undefined) throw invalidClient(`One of the redirect_uri is invalid: ${wrong}`);
  if (client.grantTypes.includes("authorization_code") && client.redirectUris.length === 0) {
    throw invalidClient("authorization_code grant type requires at least one redirect URL.");
  }
  return client;
}

/** Where its grants rest on one: the secret, or its hash. */
export function requireSecret(client: Omit<NewClient, "secretHash">, secret: string): void {
  if (secret !== "" || client.jwks !== undefined) return;
  if (client.grantTypes.includes("client_credentials")) {
    throw invalidClient("Client secret is required for client_credentials grant type");
  }
  const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  if (client.grantTypes.includes(jwtBearer)) {
    throw invalidClient(`Client secret is required for grant type ${jwtBearer}`);
  }
}

export function invalidClient(description: string, httpStatus = 400): UaaError {
  return new UaaError("invalid_client", description, httpStatus);
}

function readGrantTypes(
  given: readonly string[] | undefined,
  known: OauthClient | undefined,
): OauthClient["grantTypes"] {
  const wanted = given ?? known?.grantTypes ?? [];
  const list = `[${grantTypes.join(", ")}]`;
  if (wanted.length === 0) {
    throw invalidClient(`An authorized grant type must be provided. Must be one of: ${list}`);
  }
  // Who logs users in may keep them logged in.
  const refreshes = wanted.some((type) => type === "authorization_code" || type === "password");
  const types = grantTypes.filter(
    (type) => wanted.includes(type) || (refreshes && type === "refresh_token"),
  );
  const unknown = wanted.find((type) => !grantTypes.some((known) => known === type));
  if (unknown !== undefined) {
    throw invalidClient(`${unknown} is not an allowed grant type. Must be one of: ${list}`);
  }
  return types;
}

function autoApprove(
  given: boolean | readonly string[] | null | undefined,
): OauthClient["autoApprove"] | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "boolean") return given[0] === "true" ? "all" : given;
  return given ? "all" : [];
}
