import type { FastifyInstance } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import { grantTypes } from "../clients/oauth-client.ts";
import type { SigningKeys } from "../tokens/signing-keys.ts";

/** The version of UAA whose interface this is; the official client asks it of `/login`. */
const uaaVersion = "77.20.0";

/** What the official client and the browser's page ask a user for. */
export function loginInformation(externalUrl: string): object {
  return {
    app: { version: uaaVersion },
    links: { uaa: externalUrl, login: externalUrl, passwd: "/forgot_password" },
    zone_name: "uaa",
    entityID: "rivera",
    prompts: {
      username: ["text", "Email"],
      password: ["password", "Password"],
      passcode: [
        "password",
        `Temporary Authentication Code ( Get one at ${externalUrl}/passcode )`,
      ],
    },
  };
}

/** What anybody may read: how to log in, and the keys that tokens are checked with. Never looks at a token. */
export function registerInformationEndpoints(
  app: FastifyInstance,
  parts: {
    readonly keys: SigningKeys;
    readonly clock: Clock;
    readonly externalUrl: string;
    readonly issuer: string;
  },
): void {
  const { keys, clock, externalUrl, issuer } = parts;

  app.get("/info", () => loginInformation(externalUrl));

  app.get("/healthz", (_request, reply) => reply.type("text/plain").send("ok\n"));

  app.get("/token_keys", async () => ({ keys: await keys.published() }));
  app.get("/token_key", () => keys.publishedCurrent(clock.now().getTime()));

  const configuration = {
    issuer,
    authorization_endpoint: `${externalUrl}/oauth/authorize`,
    token_endpoint: `${externalUrl}/oauth/token`,
    token_endpoint_auth_methods_supported: [
      "client_secret_basic",
      "client_secret_post",
      "private_key_jwt",
    ],
    token_endpoint_auth_signing_alg_values_supported: ["RS256"],
    userinfo_endpoint: `${externalUrl}/userinfo`,
    introspection_endpoint: `${externalUrl}/introspect`,
    jwks_uri: `${externalUrl}/token_keys`,
    end_session_endpoint: `${externalUrl}/logout.do`,
    scopes_supported: ["openid"],
    response_types_supported: ["code"],
    grant_types_supported: grantTypes,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    claim_types_supported: ["normal"],
    claims_supported: [
      "sub",
      "user_name",
      "origin",
      "iss",
      "auth_time",
      "amr",
      "client_id",
      "aud",
      "zid",
      "grant_type",
      "user_id",
      "azp",
      "scope",
      "exp",
      "iat",
      "jti",
      "nonce",
      "cid",
      "given_name",
      "family_name",
      "email",
      "email_verified",
    ],
    claims_parameter_supported: false,
    service_documentation: "http://docs.cloudfoundry.org/api/uaa/",
    ui_locales_supported: ["en-US"],
    code_challenge_methods_supported: ["S256", "plain"],
  };
  app.get("/.well-known/openid-configuration", () => configuration);
  // Where OpenID Connect looks for it: below the issuer.
  app.get("/oauth/token/.well-known/openid-configuration", () => configuration);
}
