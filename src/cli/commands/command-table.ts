import type { Command } from "./command.ts";

export interface CommandEntry {
  readonly name: string;
  readonly alias?: string;
  readonly description: string;
  /** Loads the command alone: a run pays for what it runs. */
  readonly load: () => Promise<Command>;
}

/** Every command there is, in the words of the official client's help. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: "help",
    alias: "h",
    description: "Show help",
    load: async () => (await import("./help.ts")).help,
  },
  {
    name: "version",
    description: "Print the version",
    load: async () => (await import("./version.ts")).version,
  },
  {
    name: "login",
    alias: "l",
    description: "Log user in",
    load: async () => (await import("./login.ts")).login,
  },
  {
    name: "logout",
    alias: "lo",
    description: "Log user out",
    load: async () => (await import("./logout.ts")).logout,
  },
  {
    name: "target",
    alias: "t",
    description: "Set or view the targeted org or space",
    load: async () => (await import("./target.ts")).target,
  },
  {
    name: "api",
    description: "Set or view target api url",
    load: async () => (await import("./api.ts")).api,
  },
  {
    name: "auth",
    description: "Authenticate non-interactively",
    load: async () => (await import("./auth.ts")).auth,
  },
  {
    name: "apps",
    alias: "a",
    description: "List all apps in the target space",
    load: async () => (await import("./apps.ts")).apps,
  },
  {
    name: "app",
    description: "Display health and status for an app",
    load: async () => (await import("./app.ts")).app,
  },
  {
    name: "push",
    alias: "p",
    description: "Push a new app or sync changes to an existing app",
    load: async () => (await import("./push.ts")).push,
  },
  {
    name: "scale",
    description:
      "Change or view the instance count, disk space limit, memory limit, and log rate limit for an app",
    load: async () => (await import("./scale.ts")).scale,
  },
  {
    name: "delete",
    alias: "d",
    description: "Delete an app",
    load: async () => (await import("./delete.ts")).deleteCommand,
  },
  {
    name: "start",
    alias: "st",
    description: "Start an app",
    load: async () => (await import("./start.ts")).start,
  },
  {
    name: "stop",
    alias: "sp",
    description: "Stop an app",
    load: async () => (await import("./stop.ts")).stop,
  },
  {
    name: "restart",
    alias: "rs",
    description: "Stop all instances of the app, then start them again.",
    load: async () => (await import("./restart.ts")).restart,
  },
  {
    name: "restage",
    alias: "rg",
    description:
      "Stage the app's latest package into a droplet and restart the app with this new droplet and updated configuration (environment variables, service bindings, buildpack, stack, etc.).",
    load: async () => (await import("./restage.ts")).restage,
  },
  {
    name: "events",
    description: "Show recent app events",
    load: async () => (await import("./events.ts")).events,
  },
  {
    name: "logs",
    description: "Tail or show recent logs for an app",
    load: async () => (await import("./logs.ts")).logs,
  },
  {
    name: "build-log",
    description: "Show the whole log of a staging, as it was kept with the build",
    load: async () => (await import("./build-log.ts")).buildLog,
  },
  {
    name: "why-detected",
    description: "Show what each buildpack said when it was asked whether it can stage an app",
    load: async () => (await import("./why-detected.ts")).whyDetected,
  },
  {
    name: "stage-shell",
    description: "Open a terminal in the container of a staging that has failed",
    load: async () => (await import("./stage-shell.ts")).stageShell,
  },
  {
    name: "stage-retry",
    description: "Go on with a staging that has failed",
    load: async () => (await import("./stage-retry.ts")).stageRetry,
  },
  {
    name: "timeline",
    description: "Show where the time of a staging went",
    load: async () => (await import("./timeline.ts")).timeline,
  },
  {
    name: "droplet-bom",
    description: "Write the bill of materials of a droplet (CycloneDX)",
    load: async () => (await import("./droplet-bom.ts")).dropletBom,
  },
  {
    name: "droplet-diff",
    description: "Show in what two droplets differ",
    load: async () => (await import("./droplet-diff.ts")).dropletDiff,
  },
  {
    name: "env",
    alias: "e",
    description: "Show all env variables for an app",
    load: async () => (await import("./env.ts")).env,
  },
  {
    name: "set-env",
    alias: "se",
    description: "Set an env variable for an app",
    load: async () => (await import("./set-env.ts")).setEnv,
  },
  {
    name: "unset-env",
    alias: "ue",
    description: "Remove an env variable from an app",
    load: async () => (await import("./unset-env.ts")).unsetEnv,
  },
  {
    name: "orgs",
    alias: "o",
    description: "List all orgs",
    load: async () => (await import("./orgs.ts")).orgs,
  },
  {
    name: "create-org",
    alias: "co",
    description: "Create an org",
    load: async () => (await import("./create-org.ts")).createOrg,
  },
  {
    name: "spaces",
    description: "List all spaces in an org",
    load: async () => (await import("./spaces.ts")).spaces,
  },
  {
    name: "create-space",
    alias: "csp",
    description: "Create a space",
    load: async () => (await import("./create-space.ts")).createSpaceCommand,
  },
  {
    name: "routes",
    alias: "r",
    description: "List all routes in the current space or the current organization",
    load: async () => (await import("./routes.ts")).routes,
  },
  {
    name: "create-route",
    description: "Create a route for later use",
    load: async () => (await import("./create-route.ts")).createRouteCommand,
  },
  {
    name: "map-route",
    description: "Map a route to an app",
    load: async () => (await import("./map-route.ts")).mapRoute,
  },
  {
    name: "unmap-route",
    description: "Remove a route from an app",
    load: async () => (await import("./unmap-route.ts")).unmapRoute,
  },
  {
    name: "delete-route",
    description: "Delete a route",
    load: async () => (await import("./delete-route.ts")).deleteRouteCommand,
  },
  {
    name: "buildpacks",
    description: "List all buildpacks",
    load: async () => (await import("./buildpacks.ts")).buildpacks,
  },
  {
    name: "curl",
    description: "Executes a request to the targeted API endpoint",
    load: async () => (await import("./curl.ts")).curl,
  },
  {
    name: "oauth-token",
    description:
      "Display the OAuth token for the current session and refresh the token if necessary",
    load: async () => (await import("./oauth-token.ts")).oauthToken,
  },
  {
    name: "blobs",
    description:
      "Check that packages, droplets and buildpacks have their blobs, and remove blobs that nobody names",
    load: async () => (await import("./blobs.ts")).blobs,
  },
  {
    name: "up",
    description: "Start the platform on this machine, in the foreground",
    load: async () => (await import("./platform.ts")).up,
  },
  {
    name: "down",
    description: "Stop the platform of this machine",
    load: async () => (await import("./platform.ts")).down,
  },
  {
    name: "status",
    description: "Show whether the platform of this machine runs, and its addresses",
    load: async () => (await import("./platform.ts")).status,
  },
  {
    name: "dashboard",
    description: "Print an address of the dashboard that signs the administrator in",
    load: async () => (await import("./platform.ts")).dashboard,
  },
  {
    name: "password",
    description: "Change the administrator's password of the platform on this machine",
    load: async () => (await import("./platform.ts")).password,
  },
  {
    name: "rotate-key",
    description: "Let the platform on this machine sign tokens with a new key",
    load: async () => (await import("./platform.ts")).rotateKey,
  },
  {
    name: "scrape-config",
    description: "Let Prometheus read the metrics of the platform on this machine, and print how",
    load: async () => (await import("./platform.ts")).scrapeConfig,
  },
  {
    name: "stack",
    description: "Import a root file system as a stack of the platform",
    load: async () => (await import("./platform.ts")).stack,
  },
  {
    name: "stage",
    description: "Stage a folder with buildpacks on this machine, without an app",
    load: async () => (await import("./workbench.ts")).stage,
  },
  {
    name: "toolchain",
    description: "Import a toolchain that is mounted where a buildpack asks for it",
    load: async () => (await import("./platform.ts")).toolchain,
  },
  {
    name: "run",
    description: "Run a droplet on this machine, without an app",
    load: async () => (await import("./workbench.ts")).run,
  },
];

export function findCommand(nameOrAlias: string): CommandEntry | undefined {
  return commandTable.find(({ name, alias }) => name === nameOrAlias || alias === nameOrAlias);
}
