import { Failure, UsageFailure } from "../failure.ts";
import type { Manifest, ManifestApplication, ManifestProcess } from "./manifest.ts";

/** What the flags of `push` say about the app; undefined where they are silent. */
export interface PushOverrides {
  readonly appName?: string | undefined;
  readonly buildpacks: readonly string[];
  readonly startCommand?: string | undefined;
  readonly memory?: string | undefined;
  readonly disk?: string | undefined;
  readonly instances?: number | undefined;
  readonly logRateLimit?: string | undefined;
  readonly stack?: string | undefined;
  readonly healthCheckType?: string | undefined;
  readonly healthCheckEndpoint?: string | undefined;
  readonly healthCheckTimeout?: number | undefined;
  readonly noRoute: boolean;
  readonly randomRoute: boolean;
  readonly task: boolean;
  readonly dockerImage?: string | undefined;
  readonly dockerUsername?: string | undefined;
  readonly lifecycle?: string | undefined;
  readonly appPath?: string | undefined;
  readonly dropletPath?: string | undefined;
  readonly strategy?: "rolling" | "canary" | undefined;
}

/**
 * The manifest with the flags laid over it. With a deployment strategy the sizes belong to the deployment, so that the
 * applied manifest does not have them; `forDeployment` puts them in for display and push.
 */
export function applyOverrides(manifest: Manifest, overrides: PushOverrides): Manifest {
  const named = chooseApplication(manifest, overrides.appName);
  if (named.applications.length > 1 && isSingleAppOverride(overrides)) {
    throw new Failure(
      "Incorrect Usage: Command line flags (except -f and --no-start) cannot be applied when pushing multiple apps from a manifest file.",
    );
  }
  const [first, ...rest] = named.applications;
  if (first === undefined) return named;
  checkConflicts(first, overrides);
  const scaled = overrides.strategy === undefined ? overrideScale(first, overrides) : first;
  const changed = overrideApp(scaled, overrides);
  return { ...named, applications: [changed, ...rest].map(withDefaultRoute) };
}

export function applyDeploymentScale(manifest: Manifest, overrides: PushOverrides): Manifest {
  if (overrides.strategy === undefined) return manifest;
  const [first, ...rest] = manifest.applications;
  if (first === undefined) return manifest;
  return { ...manifest, applications: [overrideScale(first, overrides), ...rest] };
}

function chooseApplication(manifest: Manifest, name: string | undefined): Manifest {
  const { applications } = manifest;
  const isNameless = applications.some((application) => (application.name ?? "") === "");
  if (applications.length > 1 && isNameless) {
    throw new Failure("Found an application with no name specified.");
  }
  if (name === undefined) {
    if (!isNameless) return manifest;
    throw new UsageFailure(
      "The push command requires an app name. The app name can be supplied as an argument or with a manifest.yml file.",
    );
  }
  const chosen = applications.find((application) => application.name === name);
  if (chosen !== undefined) return { ...manifest, applications: [chosen] };
  const [only] = applications;
  if (applications.length === 1 && only !== undefined) {
    return { ...manifest, applications: [{ ...only, name }] };
  }
  throw new Failure(`Could not find app named '${name}' in manifest`);
}

function isSingleAppOverride(overrides: PushOverrides): boolean {
  const { appName: _appName, buildpacks, ...rest } = overrides;
  return (
    buildpacks.length > 0 ||
    Object.values(rest).some((value) => value !== undefined && value !== false)
  );
}

function checkConflicts(app: ManifestApplication, overrides: PushOverrides): void {
  const conflict = (flag: string, property: string, value?: string) =>
    new UsageFailure(
      `The flag option ${flag} cannot be used with the manifest property ${property}${value === undefined ? "" : ` set to ${value}`}`,
    );
  const hasBuildpacks = Object.hasOwn(app, "buildpacks");
  const hasDocker = app.docker !== undefined && app.docker !== null;
  const hasPath = (app.path ?? "") !== "";
  if (hasDocker && overrides.buildpacks.length > 0) throw conflict("--buildpack, -b", "docker");
  if (hasDocker && overrides.appPath !== undefined) throw conflict("--path, -p", "docker");
  if (overrides.dockerImage !== undefined) {
    if (hasBuildpacks) throw conflict("--docker-image, -o", "buildpacks");
    if (hasPath) throw conflict("--docker-image, -o", "path");
  }
  if (overrides.dropletPath !== undefined) {
    if (hasDocker) throw conflict("--droplet", "docker");
    if (hasPath) throw conflict("--droplet", "path");
    if (hasBuildpacks) throw conflict("--droplet", "buildpacks");
  }
  const type =
    overrides.healthCheckType ?? webProcess(app)?.["health-check-type"] ?? app["health-check-type"];
  if (overrides.healthCheckEndpoint !== undefined && typeof type === "string" && type !== "http") {
    throw conflict("--endpoint", "health-check-type", type);
  }
}

function overrideApp(app: ManifestApplication, overrides: PushOverrides): ManifestApplication {
  const forProcess = {
    ...(overrides.startCommand === undefined
      ? {}
      : { command: startCommand(overrides.startCommand) }),
    ...(overrides.healthCheckType === undefined ? {} : healthCheck(overrides.healthCheckType)),
    ...defined({
      "health-check-http-endpoint": overrides.healthCheckEndpoint,
      timeout: overrides.healthCheckTimeout,
    }),
  };
  const forApp = {
    ...defined({ stack: overrides.stack, path: overrides.appPath, lifecycle: overrides.lifecycle }),
    ...(overrides.noRoute || overrides.task ? { "no-route": true } : {}),
    ...(overrides.randomRoute ? { "random-route": true } : {}),
    ...(overrides.buildpacks.length === 0 ? {} : { buildpacks: buildpacks(overrides.buildpacks) }),
    ...docker(app, overrides),
  };
  return { ...overrideWeb(app, forProcess), ...forApp };
}

function overrideScale(app: ManifestApplication, overrides: PushOverrides): ManifestApplication {
  const diskKey = webProcess(app) === undefined ? "disk-quota" : "disk_quota";
  return overrideWeb(
    app,
    defined({
      instances: overrides.instances,
      memory: overrides.memory,
      [diskKey]: overrides.disk,
      "log-rate-limit-per-second": overrides.logRateLimit,
    }),
  );
}

/** The web process of the manifest takes the change where it has one, else the app itself. */
function overrideWeb(
  app: ManifestApplication,
  change: Record<string, unknown>,
): ManifestApplication {
  const web = webProcess(app);
  if (web === undefined) return { ...app, ...change };
  const processes = app.processes?.map((process) =>
    process === web ? { ...process, ...change } : process,
  );
  return { ...app, processes };
}

function webProcess(app: ManifestApplication): ManifestProcess | undefined {
  return app.processes?.find((process) => process.type === "web");
}

function withDefaultRoute(app: ManifestApplication): ManifestApplication {
  if (app["random-route"] === true || app["no-route"] === true) return app;
  return { ...app, "default-route": true };
}

function healthCheck(type: string): Record<string, unknown> {
  return type === "http"
    ? { "health-check-type": type }
    : { "health-check-type": type, "health-check-http-endpoint": undefined };
}

function startCommand(command: string): string | null {
  return command === "null" || command === "default" ? null : command;
}

function buildpacks(names: readonly string[]): readonly string[] {
  return names[0] === "null" || names[0] === "default" ? [] : names;
}

function docker(app: ManifestApplication, overrides: PushOverrides): Record<string, unknown> {
  const { dockerImage: image, dockerUsername: username } = overrides;
  if (image === undefined && username === undefined) return {};
  return { docker: { ...app.docker, ...defined({ image, username }) } };
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
