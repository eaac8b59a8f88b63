/** Variables that commands which push, stage or start an app read, as their help lists them. */
export const stagingTimeout = {
  name: "CF_STAGING_TIMEOUT",
  default: "15",
  description: "Max wait time for staging, in minutes",
};

export const startupTimeout = {
  name: "CF_STARTUP_TIMEOUT",
  default: "5",
  description: "Max wait time for app instance startup, in minutes",
};

export const dockerPassword = {
  name: "CF_DOCKER_PASSWORD",
  default: "",
  description: "Password used for private docker repository",
};
