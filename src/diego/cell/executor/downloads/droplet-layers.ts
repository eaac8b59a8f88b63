import type { Action, DownloadAction } from "#diego/models/action.ts";

/**
 * Downloads that fill vcap's home from something with a checksum: droplets. The cell unpacks those once and lays them
 * under each container that wants them, instead of extracting them again for every instance.
 */
export function dropletDownloads(action: Action | undefined): readonly DownloadAction[] {
  if (action === undefined) return [];
  switch (action.kind) {
    case "download":
      return isDroplet(action) ? [action] : [];
    case "serial": {
      // Only what comes first: a later download may be meant to go over what a step before it has written.
      const [first] = action.actions;
      return dropletDownloads(first);
    }
    case "timeout":
    case "emitProgress":
      return dropletDownloads(action.action);
    case "parallel":
      return action.actions.flatMap(dropletDownloads);
    case "try":
    case "codependent":
    case "upload":
    case "run":
      return [];
  }
}

function isDroplet({ to, user, cacheKey, checksum }: DownloadAction): boolean {
  return (
    [".", "./", "/home/vcap"].includes(to) &&
    user === "vcap" &&
    cacheKey !== "" &&
    checksum !== undefined
  );
}
