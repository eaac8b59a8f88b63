import type { Clock } from "#kernel/clock/clock.ts";
import { createBuild, getBuild, type Build } from "../api/builds.ts";
import type { CloudController } from "../api/cloud-controller.ts";
import type { LogCache, LogMessage } from "../api/log-cache.ts";
import { minutesOf, type Environment } from "../environment.ts";
import { Failure } from "../failure.ts";
import { LogFollower } from "./follow-log.ts";
import { pollUntilDone } from "./long-poll.ts";

export interface StagingContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly environment: Environment;
  readonly logCache: LogCache;
  /** Takes each line of the staging task. */
  show(message: LogMessage): void;
  warn(warning: string): void;
}

export interface Staging {
  readonly appGuid: string;
  readonly appName: string;
  readonly packageGuid: string;
}

interface BegunStaging extends Omit<Staging, "packageGuid"> {
  /** Makes the build. */
  begin(): Promise<Pick<Build, "guid">>;
}

/**
 * Builds the package while showing the staging log, to its last line. Resolves with the build, staged or failed: how
 * a failure is worded depends on the command.
 */
export async function stagePackage(
  cc: CloudController,
  { packageGuid, ...app }: Staging,
  context: StagingContext,
): Promise<Build> {
  const begin = async () => await createBuild(cc, packageGuid);
  return await followStaging(cc, { ...app, begin }, context);
}

/** The same with a build that comes about in another way. */
export async function followStaging(
  cc: CloudController,
  staging: BegunStaging,
  context: StagingContext,
): Promise<Build> {
  const { clock, signal } = context;
  const timeoutMs = minutesOf(context.environment, "CF_STAGING_TIMEOUT", 15);
  const follower = await LogFollower.afterNewest({
    ...context,
    sourceId: staging.appGuid,
    show: (message) => {
      if (message.sourceType === "STG") context.show(message);
    },
    isLast: saysStopping,
  });
  const { guid } = await staging.begin();
  const stopped = new AbortController();
  const following = follower.follow(AbortSignal.any([stopped.signal, signal]));
  // It is awaited below; when Ctrl-C ends both, its rejection may come first.
  following.catch(() => undefined);
  try {
    const build = await pollUntilDone({
      clock,
      signal,
      timeoutMs,
      fetch: async () => await getBuild(cc, guid),
      isDone: ({ state }) => state !== "STAGING",
      stateOf: ({ state }) => state,
      onTimeout: () =>
        new Failure(
          `Error staging application ${staging.appName}: timed out after ${timeoutMs / 60_000} minute(s)`,
        ),
    });
    stopped.abort();
    await following;
    await follower.drain();
    return build;
  } finally {
    stopped.abort();
    await following;
  }
}

/** What a cell says of a container once all its output has been sent; how its removal goes is not waited for. */
function saysStopping({ sourceType, text }: LogMessage): boolean {
  return sourceType === "STG" && /^Cell \S+ stopping instance /.test(text);
}

/** The droplet of a build that was staged; a failed one throws its reason as start, restart and restage word it. */
export function dropletOf(build: Build): string {
  if (build.state === "FAILED") {
    const error = build.error ?? "";
    const tip = error.includes("NoAppDetectedError")
      ? "\n\nTIP: Use 'rivera buildpacks' to see a list of supported buildpacks."
      : "";
    throw new Failure(`Error staging application: ${error}${tip}`);
  }
  if (build.droplet === undefined || build.droplet === null) {
    throw new Failure(`Build ${build.guid} is ${build.state} but has no droplet`);
  }
  return build.droplet.guid;
}
