import type { FastifyInstance } from "fastify";
import type { SigningKeys } from "../tokens/signing-keys.ts";

/** The version of UAA whose interface this is; the official client asks it of `/login`. */
const uaaVersion = "77.20.0";

/** What anybody may read: how to log in, and the keys that tokens are checked with. Never looks at a token. */
export function registerInformationEndpoints(
  app: FastifyInstance,
  parts: { readonly keys: SigningKeys; readonly externalUrl: string; readonly issuer: string },
): void {
  const { keys, externalUrl, issuer } = parts;

  const login = {
    app: { version: uaaVersion },
    links: { uaa: externalUrl, login: externalUrl, passwd: "/forgot_password" },
    zone_name: "uaa",
    entityID: "rivera",
    prompts: {
      username: ["text", "Email"],
      password: ["password", "Password"],
    },
  };
  app.get("/login", () => login);
  app.get("/info", () => login);

  app.get("/healthz", (_request, reply) => reply.type("text/plain").send("ok\n"));

  app.get("/token_keys", async () => ({ keys: await keys.published() }));
  app.get("/token_key", () => keys.publishedCurrent());

  app.get("/.well-known/openid-configuration", () => ({
    issuer,
    token_endpoint: `${externalUrl}/oauth/token`,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    jwks_uri: `${externalUrl}/token_keys`,
    scopes_supported: ["openid"],
    grant_types_supported: ["password", "refresh_token", "client_credentials"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  }));
}
