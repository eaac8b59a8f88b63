import type { BlobKey } from "#blobstore/blobstore.ts";

// Cloud Controller's keys: the first two pairs of characters are folders, so that no folder grows without bound.

export function packageBlob(packageGuid: string): BlobKey {
  return { bucket: "cc-packages", path: partitioned(packageGuid) };
}

export function dropletBlob(dropletGuid: string, sha1: string): BlobKey {
  return { bucket: "cc-droplets", path: `${partitioned(dropletGuid)}/${sha1}` };
}

/** `key` is `<guid>_<sha256>`. */
export function buildpackBlob(key: string): BlobKey {
  return { bucket: "cc-buildpacks", path: partitioned(key) };
}

const cacheFolder = "buildpack_cache";

export function buildpackCacheBlob(appGuid: string, stack: string): BlobKey {
  return { bucket: "cc-droplets", path: `${cacheFolder}/${appGuid}/${encodeURIComponent(stack)}` };
}

export function buildpackCacheFolder(appGuid: string) {
  return { bucket: "cc-droplets", folder: `${cacheFolder}/${appGuid}` } as const;
}

export const allBuildpackCaches = { bucket: "cc-droplets", folder: cacheFolder } as const;

/** The compressed bytes of the files that one upload brought (`packages/zip/assemble-package.ts`). */
export function resourcePackBlob(packGuid: string): BlobKey {
  return { bucket: "cc-resources", path: `${resourcePacks}/${partitioned(packGuid)}` };
}

/** Of everything that has a guid that begins with these two digits; buildpack caches have none. */
export function foldersOfBlobs(digits: string) {
  return [
    { bucket: "cc-packages", folder: digits },
    { bucket: "cc-droplets", folder: digits },
    { bucket: "cc-buildpacks", folder: digits },
    { bucket: "cc-resources", folder: `${resourcePacks}/${digits}` },
  ] as const;
}

const resourcePacks = "app_bits_cache";

const retriesFolder = "stage_retries";

/** What a retried staging is given beside its package, until it has ended (`build-retry`). */
export function stageRetryBlob(
  buildGuid: string,
  what: "snapshot" | "buildpack" | "files",
): BlobKey {
  return { bucket: "cc-packages", path: `${retriesFolder}/${buildGuid}/${what}` };
}

export function stageRetryFolder(buildGuid: string) {
  return { bucket: "cc-packages", folder: `${retriesFolder}/${buildGuid}` } as const;
}

export const allStageRetries = { bucket: "cc-packages", folder: retriesFolder } as const;

function partitioned(key: string): string {
  const lower = key.toLowerCase();
  return `${lower.slice(0, 2)}/${lower.slice(2, 4)}/${lower}`;
}
