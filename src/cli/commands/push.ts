import { access } from "node:fs/promises";
import path from "node:path";
import { AppPusher } from "../actors/push-app.ts";
import { applySpaceManifest } from "../actors/apply-manifest.ts";
import { planPushes } from "../actors/push-plan.ts";
import { requireSpace } from "../actors/target-check.ts";
import { hashCacheFolder } from "../environment.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { applyDeploymentScale, applyOverrides } from "../manifest/overrides.ts";
import { readManifest } from "../manifest/read-manifest.ts";
import { resolveAppPaths } from "../manifest/resolve-paths.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";
import { noSuchPath } from "../failure.ts";
import { pushFlags, readPushOptions, type PushOptions } from "./push-flags.ts";
import { dockerPassword, stagingTimeout, startupTimeout } from "./timeouts.ts";

export const push: Command = {
  usage: `rivera push APP_NAME [-b BUILDPACK_NAME]
[-c COMMAND] [-f MANIFEST_PATH | --no-manifest] [--lifecycle (buildpack | docker | cnb)] [--no-start] [--no-wait] [-i NUM_INSTANCES]
[-k DISK] [-m MEMORY] [-l LOG_RATE_LIMIT] [-p PATH] [-s STACK] [-t HEALTH_TIMEOUT] [--task TASK]
[-u (process | port | http)] [--no-route | --random-route] [--replace-staging]
[--var KEY=VALUE] [--vars-file VARS_FILE_PATH]...

rivera push APP_NAME --docker-image [REGISTRY_HOST:PORT/]IMAGE[:TAG] [--docker-username USERNAME]
[-c COMMAND] [-f MANIFEST_PATH | --no-manifest] [--no-start] [--no-wait] [-i NUM_INSTANCES]
[-k DISK] [-m MEMORY] [-l LOG_RATE_LIMIT] [-p PATH] [-s STACK] [-t HEALTH_TIMEOUT] [--task TASK]
[-u (process | port | http)] [--no-route | --random-route ]
[--var KEY=VALUE] [--vars-file VARS_FILE_PATH]...`,
  arguments: [{ name: "APP_NAME", isOptional: true }],
  flags: pushFlags,
  environment: [dockerPassword, stagingTimeout, startupTimeout],
  seeAlso: [],
  async run(session, input) {
    const { config, workingFolder } = session;
    const options = readPushOptions(input);
    await requirePaths(workingFolder, options);
    const target = requireSpace(config);
    const { applied, final } = await prepareManifests(session, options);
    announce(session, final);
    const cc = await session.cloudController();
    await applySpaceManifest(session, cc, {
      applied,
      final,
      givenPath: options.manifestPath,
      redactEnv: options.redactEnv,
    });
    const plans = await planPushes(cc, final, {
      spaceGuid: target.space.guid,
      workingFolder,
      dropletPath:
        options.overrides.dropletPath === undefined
          ? undefined
          : path.resolve(workingFolder, options.overrides.dropletPath),
      scan: {
        signal: session.signal,
        clock: session.clock,
        cacheFolder: hashCacheFolder(session.environment),
      },
    });
    const pusher = new AppPusher(session, cc, { target, settings: options });
    for (const plan of plans) await pusher.push(plan);
  },
};

/** What the flags name has to be there, before anything else is looked at. */
async function requirePaths(
  workingFolder: string,
  { manifestPath, variableFiles, overrides }: PushOptions,
): Promise<void> {
  const { appPath, dropletPath } = overrides;
  for (const given of [manifestPath, ...variableFiles, appPath, dropletPath]) {
    if (given === undefined) continue;
    await access(path.resolve(workingFolder, given)).catch((error: unknown) => {
      throw noSuchPath(given, { cause: error });
    });
  }
}

/** The manifest to apply, and the one to show and push by: they differ in the sizes that a deployment brings. */
async function prepareManifests(
  { workingFolder }: Session,
  options: PushOptions,
): Promise<{ applied: Manifest; final: Manifest }> {
  const { overrides } = options;
  const base = await readManifest({
    workingFolder,
    given: options.manifestPath,
    ignored: options.noManifest,
    appName: overrides.appName,
    variableFiles: options.variableFiles,
    variables: options.variables,
  });
  const appPath =
    overrides.appPath === undefined ? undefined : path.resolve(workingFolder, overrides.appPath);
  const applied = await resolveAppPaths(applyOverrides(base, { ...overrides, appPath }));
  return { applied, final: applyDeploymentScale(applied, overrides) };
}

function announce({ ui, config }: Session, manifest: Manifest): void {
  const { user, organization, space } = requireSpace(config);
  const names = manifest.applications.map(({ name }) => name ?? "").join(", ");
  if (manifest.applications.length === 1) {
    ui.text(
      ui.flavor`Pushing app ${names} to org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
  } else {
    ui.text(
      ui.flavor`Pushing apps ${names} to org ${organization.name} / space ${space.name} as ${user.name}...`,
    );
  }
}
