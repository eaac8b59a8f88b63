import type { Action, DownloadAction } from "#diego/models/action.ts";

/** A download that a layer stands for. */
export interface LayerDownload {
  readonly action: DownloadAction;
  /** Where its content appears. */
  readonly below: string;
  /** Below a `try`: the container is made without it where it cannot be had, and its step says so. */
  readonly isOptional: boolean;
}

/**
 * Downloads that a container begins with, of something with a checksum, for vcap: a droplet in its home, a package and
 * a build cache below /tmp. The cell unpacks those once and lays them under each container that wants them, which writes
 * copies of its own, instead of extracting them again for every one. `belowTmp` is false where a container cannot rename
 * folders of a layer: buildpacks do that to an app's.
 */
export function layerDownloads(
  action: Action | undefined,
  options: { readonly belowTmp: boolean },
): readonly LayerDownload[] {
  if (action === undefined) return [];
  switch (action.kind) {
    case "download": {
      const below = placeOf(action, options);
      return below === undefined ? [] : [{ action, below, isOptional: false }];
    }
    case "serial": {
      // Only what comes first: a later download may be meant to go over what a step before it has written.
      const [first] = action.actions;
      return layerDownloads(first, options);
    }
    case "timeout":
    case "emitProgress":
      return layerDownloads(action.action, options);
    case "parallel":
      return action.actions.flatMap((each) => layerDownloads(each, options));
    case "try":
      return layerDownloads(action.action, options).map((each) => ({ ...each, isOptional: true }));
    case "codependent":
    case "upload":
    case "run":
      return [];
  }
}

function placeOf(
  { to, user, cacheKey, checksum }: DownloadAction,
  { belowTmp }: { readonly belowTmp: boolean },
): string | undefined {
  if (user !== "vcap" || checksum === undefined) return undefined;
  if ([".", "./", "/home/vcap"].includes(to) && cacheKey !== "") return "/home/vcap";
  return belowTmp && /^\/tmp\/[a-z0-9-]+$/.test(to) ? to : undefined;
}
