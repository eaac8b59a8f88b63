/** A build's error: `<id> - <description>` in the API, as Cloud Controller's `failure_reason_sanitizer.rb` has it. */
export interface StagingFailure {
  /** Title of a Cloud Foundry error without `CF-`. */
  readonly id: string;
  readonly description: string;
  /** What the app's log says after "Failed to stage build: ". */
  readonly logMessage: string;
}

const byExitStatus: Readonly<
  Record<string, { readonly id: string; readonly description: string }>
> = {
  "222": {
    id: "NoAppDetectedError",
    description: "An app was not successfully detected by any available buildpack",
  },
  "223": {
    id: "BuildpackCompileFailed",
    description: "App staging failed in the buildpack compile phase",
  },
  "224": {
    id: "BuildpackReleaseFailed",
    description: "App staging failed in the buildpack release phase",
  },
};

const passedOn = [
  "unable to communicate to compatible cells",
  "missing docker image download url",
  "missing docker registry",
  "missing docker credentials",
  "invalid docker registry address",
] as const;

/** Where nothing is wrong with the app. */
const byPlatform: Readonly<Record<string, string>> = {
  "cell restarted while the task was running": "its cell was restarted: stage again",
  "cell disappeared before completion": "its cell was lost: stage again",
  "not started within time limit": "no cell began with it in time: stage again",
};

/**
 * What the developer is told of a failed staging task. Details of the container stay inside, with additions to the
 * original's table, which calls them all "staging failed": a timeout and a lack of memory or disk are named, for the developer
 * alone can mend them (docs/known-differences.md#staging-errors).
 */
export function stagingFailure(
  reason: string,
  limits: { readonly memoryInMb: number },
): StagingFailure {
  const known = byExitStatus[/22[234]$/.exec(reason)?.[0] ?? ""];
  if (known !== undefined) return { ...known, logMessage: "staging failed" };
  if (reason.startsWith("insufficient resources")) {
    return told("InsufficientResources", "Insufficient resources", reason);
  }
  if (reason.startsWith("found no compatible cell")) {
    return told("NoCompatibleCell", "Found no compatible cell", reason);
  }
  const text = passedOn.find((message) => reason.startsWith(message));
  if (text !== undefined) return stagingError(text);
  const timeout = /exceeded (\S+) timeout/.exec(reason)?.[1];
  if (timeout !== undefined) {
    return stagingTimeExpired(`staging did not end within ${timeout}`);
  }
  if (reason.includes("(out of memory)")) {
    return stagingError(`staging failed: out of memory (limit ${limits.memoryInMb}M)`);
  }
  const full = /\((disk quota exceeded: [^)]+)\)$/.exec(reason)?.[1];
  if (full !== undefined) return stagingError(`staging failed: ${full}`);
  const platform = byPlatform[reason];
  return stagingError(platform === undefined ? "staging failed" : `staging failed: ${platform}`);
}

export function stagingError(message: string): StagingFailure {
  return told("StagingError", `Staging error: ${message}`, message);
}

/** What a stager of another kind has to say. */
export function stagerError(message: string): StagingFailure {
  return told("StagerError", `Stager error: ${message}`, message);
}

export function stagingTimeExpired(message: string): StagingFailure {
  return told("StagingTimeExpired", `Staging time expired: ${message}`, message);
}

function told(id: string, description: string, logMessage: string): StagingFailure {
  return { id, description, logMessage };
}
