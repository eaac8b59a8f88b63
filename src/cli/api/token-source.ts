import type { Clock } from "#kernel/clock/clock.ts";
import type { ClientConfig } from "../config/client-config.ts";
import { isUsable } from "./access-token.ts";
import type { HttpTransport } from "./http-transport.ts";
import { requestTokens, type Grant } from "./uaa.ts";

/** Gives the access token of whoever is logged in, refreshed when less than a minute of its life is left. */
export class TokenSource {
  readonly #config: ClientConfig;
  readonly #transport: HttpTransport;
  readonly #clock: Clock;
  #refreshing: Promise<string> | undefined;

  constructor(config: ClientConfig, transport: HttpTransport, clock: Clock) {
    this.#config = config;
    this.#transport = transport;
    this.#clock = clock;
  }

  async accessToken(): Promise<string> {
    const { AccessToken, RefreshToken, UAAGrantType } = this.#config.values;
    if (AccessToken === "" && RefreshToken === "") return "";
    if (isUsable(AccessToken, this.#clock.now())) return AccessToken;
    if (RefreshToken === "" && UAAGrantType === "") return AccessToken;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return await this.#refreshing;
  }

  async #refresh(): Promise<string> {
    const { AuthorizationEndpoint } = this.#config.values;
    const tokens = await requestTokens(this.#transport, AuthorizationEndpoint, this.#grant());
    this.#config.setTokens(tokens);
    await this.#config.save();
    return tokens.accessToken;
  }

  #grant(): Grant {
    const { UAAGrantType, UAAOAuthClient, UAAOAuthClientSecret, RefreshToken } =
      this.#config.values;
    if (UAAGrantType === "client_credentials") {
      return {
        basic: false,
        fields: {
          client_id: UAAOAuthClient,
          client_secret: UAAOAuthClientSecret,
          grant_type: "client_credentials",
        },
      };
    }
    return { basic: true, fields: { grant_type: "refresh_token", refresh_token: RefreshToken } };
  }
}
