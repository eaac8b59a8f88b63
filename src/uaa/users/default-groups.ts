/** What every user may be granted (uaa.yml of cf-deployment: `user.authorities`, as far as the platform has a use for it). */
export const userGroups: readonly string[] = [
  "openid",
  "password.write",
  "uaa.user",
  "cloud_controller.read",
  "cloud_controller.write",
];

export const adminGroups: readonly string[] = [
  ...userGroups,
  "cloud_controller.admin",
  "clients.read",
  "doppler.firehose",
  "network.admin",
  "scim.read",
  "scim.write",
  "uaa.admin",
];
