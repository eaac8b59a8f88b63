import type { PushSettings } from "../actors/push-app.ts";
import { cannotCombine, mustCombine, UsageFailure } from "../failure.ts";
import type { PushOverrides } from "../manifest/overrides.ts";
import type { Flag } from "./flag.ts";
import { parseHealthCheckType, parseInstances, parsePositive } from "./flag-values.ts";
import type { ParsedInput } from "./parsed-input.ts";
import {
  instanceStepsFlag,
  maxInFlightFlag,
  noWaitFlag,
  readStrategy,
  strategyFlag,
} from "./strategy-flags.ts";

export interface PushOptions extends PushSettings {
  readonly manifestPath: string | undefined;
  readonly noManifest: boolean;
  readonly variableFiles: readonly string[];
  readonly variables: readonly string[];
  readonly redactEnv: boolean;
}

export const pushFlags: readonly Flag[] = [
  {
    long: "app-start-timeout",
    short: "t",
    takes: "value",
    description:
      "Time (in seconds) allowed to elapse between starting up an app and the first healthy response from the app",
  },
  {
    long: "buildpack",
    short: "b",
    takes: "values",
    description:
      "Custom buildpack by name (e.g. my-buildpack) or Git URL (e.g. 'https://github.com/cloudfoundry/java-buildpack.git') or Git URL with a branch or tag (e.g. 'https://github.com/cloudfoundry/java-buildpack.git#v3.3.0' for 'v3.3.0' tag). To use built-in buildpacks only, specify 'default' or 'null'",
  },
  { long: "disk", short: "k", takes: "value", description: "Disk limit (e.g. 256M, 1024M, 1G)" },
  {
    long: "docker-image",
    short: "o",
    takes: "value",
    description: "Docker image to use (e.g. user/docker-image-name)",
  },
  {
    long: "docker-username",
    takes: "value",
    description:
      "Repository username; used with password from environment variable CF_DOCKER_PASSWORD",
  },
  { long: "droplet", takes: "value", description: "Path to a tgz file with a pre-staged app" },
  {
    long: "endpoint",
    takes: "value",
    description:
      "Valid path on the app for an HTTP health check. Only used when specifying --health-check-type=http",
  },
  {
    long: "health-check-type",
    short: "u",
    takes: "value",
    description:
      "Application health check type. Defaults to 'port'. 'http' requires a valid endpoint, for example, '/health'.",
  },
  { long: "instances", short: "i", takes: "value", description: "Number of instances" },
  instanceStepsFlag,
  {
    long: "lifecycle",
    takes: "value",
    description: "App lifecycle type to stage and run the app",
  },
  {
    long: "log-rate-limit",
    short: "l",
    takes: "value",
    description:
      "Log rate limit per second, in bytes (e.g. 128B, 4K, 1M). -l=-1 represents unlimited",
  },
  { long: "manifest", short: "f", takes: "value", description: "Path to manifest" },
  maxInFlightFlag("actively being started"),
  {
    long: "memory",
    short: "m",
    takes: "value",
    description: "Memory limit (e.g. 256M, 1024M, 1G)",
  },
  { long: "no-manifest", description: "Ignore manifest file" },
  { long: "no-route", description: "Do not map a route to this app" },
  { long: "no-start", description: "Do not stage and start the app after pushing" },
  noWaitFlag,
  {
    long: "path",
    short: "p",
    takes: "value",
    description: "Path to app directory or to a zip file of the contents of the app directory",
  },
  {
    long: "random-route",
    description:
      "Create a random route for this app (except when no-route is specified in the manifest)",
  },
  {
    long: "redact-env",
    description: "Do not print values for environment vars set in the application manifest",
  },
  {
    long: "replace-staging",
    description: "End a staging of the app that is still running, instead of being refused",
  },
  {
    long: "stack",
    short: "s",
    takes: "value",
    description:
      "Stack to use (a stack is a pre-built file system, including an operating system, that can run apps)",
  },
  {
    long: "start-command",
    short: "c",
    takes: "value",
    description: "Startup command, set to null to reset to default start command",
  },
  strategyFlag,
  {
    long: "task",
    description:
      "Push an app that is used only to execute tasks. The app will be staged, but not started and will have no route assigned.",
  },
  {
    long: "var",
    takes: "values",
    description:
      "Variable key value pair for variable substitution, (e.g., name=app1); can specify multiple times",
  },
  {
    long: "vars-file",
    takes: "values",
    description: "Path to a variable substitution file for manifest; can specify multiple times",
  },
];

export function readPushOptions(input: ParsedInput): PushOptions {
  checkCombinations(input);
  const strategy = readStrategy(input);
  const overrides: PushOverrides = {
    appName: input.optionalArgument("APP_NAME"),
    buildpacks: input.values("buildpack"),
    startCommand: input.value("start-command"),
    memory: input.value("memory"),
    disk: input.value("disk"),
    instances: parseInstances(input.value("instances")),
    logRateLimit: input.value("log-rate-limit"),
    stack: input.value("stack"),
    healthCheckType: parseHealthCheckType(input.value("health-check-type")),
    healthCheckEndpoint: input.value("endpoint"),
    healthCheckTimeout: parsePositive(input.value("app-start-timeout")),
    noRoute: input.has("no-route"),
    randomRoute: input.has("random-route"),
    task: input.has("task"),
    dockerImage: input.value("docker-image"),
    dockerUsername: input.value("docker-username"),
    lifecycle: input.value("lifecycle"),
    appPath: input.value("path"),
    dropletPath: input.value("droplet"),
    strategy: strategy.strategy,
  };
  return {
    overrides,
    strategy,
    manifestPath: input.value("manifest"),
    noManifest: input.has("no-manifest"),
    noStart: input.has("no-start"),
    replaceStaging: input.has("replace-staging"),
    variableFiles: input.values("vars-file"),
    variables: input.values("var"),
    redactEnv: input.has("redact-env"),
  };
}

function checkCombinations(input: ParsedInput): void {
  const both = (a: string, b: string) => input.has(a) && input.has(b);
  const lifecycle = input.value("lifecycle");
  const strategy = input.value("strategy")?.toLowerCase();
  const deploys = strategy === "rolling" || strategy === "canary";
  for (const [kind, a, b, names] of [
    ["buildpack", "lifecycle", "docker-image", ["--lifecycle buildpack", "--docker-image, -o"]],
    ["docker", "lifecycle", "buildpack", ["--lifecycle docker", "--buildpack, -b"]],
    ["docker", "lifecycle", "stack", ["--lifecycle docker", "--stack, -s"]],
    ["docker", "lifecycle", "droplet", ["--lifecycle docker", "--droplet"]],
    ["cnb", "lifecycle", "docker-image", ["--lifecycle cnb", "--docker-image, -o"]],
    [undefined, "docker-image", "buildpack", ["--buildpack, -b", "--docker-image, -o"]],
    [undefined, "docker-image", "path", ["--docker-image, -o", "--path, -p"]],
    [undefined, "docker-image", "stack", ["--stack, -s", "--docker-image, -o"]],
    [undefined, "no-manifest", "manifest", ["--no-manifest", "--manifest, -f"]],
    [undefined, "no-manifest", "vars-file", ["--no-manifest", "--vars-file"]],
    [undefined, "no-manifest", "var", ["--no-manifest", "--vars"]],
    [undefined, "no-start", "replace-staging", ["--no-start", "--replace-staging"]],
    [undefined, "no-start", "no-wait", ["--no-start", "--no-wait"]],
    [undefined, "no-route", "random-route", ["--no-route", "--random-route"]],
  ] as const) {
    if (both(a, b) && (kind === undefined || kind === lifecycle)) throw cannotCombine(...names);
  }
  if (input.has("docker-username") && !input.has("docker-image")) {
    throw mustCombine("--docker-image, -o", "--docker-username");
  }
  if (input.value("health-check-type") === "http" && !input.has("endpoint")) {
    throw mustCombine("--endpoint", "--health-check-type=http, -u=http");
  }
  if (input.has("droplet") && (input.has("docker-image") || input.has("path"))) {
    throw cannotCombine("--droplet", "--docker-image, -o", "--docker-username", "-p");
  }
  for (const flag of ["no-start", "task"]) {
    if (deploys && input.has(flag)) throw cannotCombine(`--${flag}`, `--strategy=${strategy}`);
  }
  const buildpacks = input.values("buildpack");
  if (buildpacks.length > 1 && buildpacks.some((name) => name === "null" || name === "default")) {
    throw new UsageFailure("Multiple buildpacks flags cannot have null/default option.");
  }
}
