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

/** The groups that are there from the first start, with what membership in each allows. */
export const builtInGroups: Readonly<Record<string, string>> = {
  "clients.read": "Read information about clients",
  "cloud_controller.admin": "Manage everything in Cloud Foundry",
  "cloud_controller.admin_read_only": "See everything in Cloud Foundry",
  "cloud_controller.global_auditor": "See everything in Cloud Foundry but secrets",
  "cloud_controller.read": "View details of one's own applications and services",
  "cloud_controller.write": "Push applications and create and bind services",
  "doppler.firehose": "Read logs and metrics of the whole platform",
  "network.admin": "Manage network policies of all apps",
  "network.write": "Manage network policies of one's own apps",
  openid: "Access profile information, such as name and email",
  "password.write": "Change one's password",
  "scim.read": "Read all users and groups",
  "scim.write": "Create, change and delete users and groups",
  "uaa.admin": "Administer UAA",
  "uaa.user": "Log in",
};
