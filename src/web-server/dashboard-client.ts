/**
 * The dashboard at UAA: a public client, for a browser keeps no secret. Whoever redeems a code of it proves by PKCE to
 * have asked for it, and a code is sent to the page's own addresses alone, so nobody is asked to approve.
 */
export function dashboardClient(addresses: readonly string[]) {
  return {
    clientId: "rivera-dashboard",
    name: "Rivera",
    secret: "",
    isPublic: true,
    grantTypes: ["authorization_code", "refresh_token"],
    scopes: [
      "cloud_controller.admin",
      "cloud_controller.admin_read_only",
      "cloud_controller.global_auditor",
      "cloud_controller.read",
      "cloud_controller.write",
      "openid",
      "uaa.user",
    ],
    authorities: [],
    redirectUris: addresses,
    autoApprove: true,
    accessTokenValidity: 600,
    /** A working day: the page forgets its tokens with its tab in any case. */
    refreshTokenValidity: 43_200,
  } as const;
}
