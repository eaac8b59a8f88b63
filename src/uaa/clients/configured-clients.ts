import { createHmac } from "node:crypto";
import type { GrantType } from "./oauth-client.ts";

/** A client that the platform's configuration names. Each start brings it back to this, as UAA does with `override`. */
export interface ConfiguredClient {
  readonly clientId: string;
  /** Empty for a public client. */
  readonly secret: string;
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly string[];
  readonly authorities: readonly string[];
  /** In seconds. */
  readonly accessTokenValidity: number;
  readonly refreshTokenValidity: number;
  readonly redirectUris?: readonly string[];
  readonly autoApprove?: boolean;
  /** Shows no secret, but redeems codes with PKCE alone. */
  readonly isPublic?: boolean;
  /** What people read where they are asked to approve. */
  readonly name?: string;
}

const tenMinutes = 600;
const twelveHours = 43_200;
const thirtyDays = 2_592_000;

/** The clients of cf-deployment that the official client and our parts use. */
export function builtInClients(platform: {
  readonly adminClientSecret: string;
  /** UAA's public URL. */
  readonly externalUrl: string;
}): ConfiguredClient[] {
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
      secret: sshProxySecret(platform.adminClientSecret),
      grantTypes: ["authorization_code"],
      scopes: [
        "cloud_controller.admin",
        "cloud_controller.read",
        "cloud_controller.write",
        "openid",
      ],
      authorities: [],
      // `cf ssh-code` names none and reads the code from the redirect, without following it.
      redirectUris: [`${platform.externalUrl}/login`],
      autoApprove: true,
      accessTokenValidity: tenMinutes,
      refreshTokenValidity: thirtyDays,
    },
    {
      clientId: "admin",
      secret: platform.adminClientSecret,
      grantTypes: ["client_credentials"],
      scopes: [],
      authorities: [
        "clients.admin",
        "clients.read",
        "clients.secret",
        "clients.write",
        "cloud_controller.admin",
        "password.write",
        "scim.read",
        "scim.write",
        "tokens.list",
        "tokens.revoke",
        "uaa.admin",
        "uaa.resource",
      ],
      // The official client forgets the secret of `cf auth --client-credentials`, so such a login cannot be refreshed.
      accessTokenValidity: twelveHours,
      refreshTokenValidity: thirtyDays,
    },
  ];
}

/** What the ssh proxy knows is not what the administrator's client knows: it redeems codes, and no more. */
export function sshProxySecret(adminClientSecret: string): string {
  return createHmac("sha256", adminClientSecret).update("ssh-proxy").digest("hex");
}
