import { createHash, timingSafeEqual } from "node:crypto";
import { badClientCredentials } from "../uaa-error.ts";

export type GrantType = "password" | "refresh_token" | "client_credentials" | "authorization_code";

export interface OauthClient {
  readonly clientId: string;
  /** Empty for a public client, which authenticates with its empty secret. */
  readonly secret: string;
  readonly grantTypes: readonly GrantType[];
  /** What its users' tokens may carry. */
  readonly scopes: readonly string[];
  /** What its own tokens carry. */
  readonly authorities: readonly string[];
  /** In seconds. */
  readonly accessTokenValidity: number;
  readonly refreshTokenValidity: number;
}

const tenMinutes = 600;
const twelveHours = 43_200;
const thirtyDays = 2_592_000;

/** The clients of cf-deployment that the official client and our parts use. */
export function builtInClients(adminClientSecret: string): OauthClient[] {
  return [
    {
      clientId: "cf",
      secret: "",
      grantTypes: ["password", "refresh_token"],
      scopes: [
        "clients.read",
        "cloud_controller.admin",
        "cloud_controller.admin_read_only",
        "cloud_controller.global_auditor",
        "cloud_controller.read",
        "cloud_controller.write",
        "doppler.firehose",
        "network.admin",
        "network.write",
        "openid",
        "password.write",
        "scim.read",
        "scim.write",
        "uaa.user",
      ],
      authorities: [],
      accessTokenValidity: tenMinutes,
      refreshTokenValidity: thirtyDays,
    },
    {
      clientId: "ssh-proxy",
      secret: adminClientSecret,
      grantTypes: ["authorization_code"],
      scopes: ["cloud_controller.read", "cloud_controller.write", "openid"],
      authorities: [],
      accessTokenValidity: tenMinutes,
      refreshTokenValidity: thirtyDays,
    },
    {
      clientId: "admin",
      secret: adminClientSecret,
      grantTypes: ["client_credentials"],
      scopes: [],
      authorities: [
        "clients.read",
        "cloud_controller.admin",
        "password.write",
        "scim.read",
        "scim.write",
        "uaa.admin",
      ],
      // The official client forgets the secret of `cf auth --client-credentials`, so such a login cannot be refreshed.
      accessTokenValidity: twelveHours,
      refreshTokenValidity: thirtyDays,
    },
  ];
}

export class ClientRegistry {
  readonly #clients: ReadonlyMap<string, OauthClient>;

  constructor(clients: readonly OauthClient[]) {
    this.#clients = new Map(clients.map((client) => [client.clientId, client]));
  }

  find(clientId: string): OauthClient | undefined {
    return this.#clients.get(clientId);
  }

  /** @throws UaaError `invalid_client`, alike for an unknown client and a wrong secret. */
  authenticate(clientId: string, secret: string): OauthClient {
    const client = this.#clients.get(clientId);
    const isRight = timingSafeEqual(digest(client?.secret ?? "\0unknown"), digest(secret));
    if (client === undefined || !isRight) throw badClientCredentials();
    return client;
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
