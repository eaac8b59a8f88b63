import { readdirSync } from "node:fs";
import path from "node:path";
import type { Blobstore } from "#blobstore/blobstore.ts";
import { openDiskBlobstore } from "#blobstore/disk-blobstore.ts";
import { parseS3Url, type S3Location } from "#blobstore/s3-location.ts";
import { readPlatformState, writePlatformState } from "./platform-state.ts";

interface BlobstoreOptions {
  readonly dataDir: string;
  /** Folder of the blobs, or of what waits to be sent. */
  readonly blobs: string;
  /** URL of S3, undefined where none was asked for. */
  readonly asked: string | undefined;
  readonly say: (line: string) => void;
}

/** Left for the databases, whose writes must not fail because of blobs. */
export const minimumFreeBytes = 256 * 1024 ** 2;

/**
 * The store of the bucket that was asked for, else of the one that the data folder remembers, else on disk. Credentials
 * are found by the AWS SDK at every start and kept nowhere.
 */
export async function openBlobstore(options: BlobstoreOptions): Promise<Blobstore> {
  const location = settleS3(options);
  const { blobs } = options;
  if (location === undefined) {
    return await openDiskBlobstore({ directory: blobs, minimumFreeBytes });
  }
  // The SDK takes a third of a second to load; only who uses it waits for it.
  const { openS3Blobstore } = await import("#blobstore/s3-blobstore.ts");
  const spoolDirectory = path.join(blobs, ".incomplete");
  return await openS3Blobstore({ location, spoolDirectory, minimumFreeBytes });
}

/** @throws where blobs lie on disk already: they would be out of sight, not moved. */
export function settleS3(options: BlobstoreOptions): S3Location | undefined {
  const state = readPlatformState(options.dataDir);
  const url = options.asked ?? state?.blobstoreUrl;
  if (url === undefined) return undefined;
  const location = parseS3Url(url);
  const { bucket, endpoint } = location;
  if (state?.blobstoreUrl === undefined && hasBlobs(options.blobs)) {
    throw new Error(
      `Cannot use --blobstore: the data folder "${options.dataDir}" has blobs already. Give another folder with --data`,
    );
  }
  if (state !== undefined && url !== state.blobstoreUrl) {
    writePlatformState(options.dataDir, { ...state, blobstoreUrl: url });
  }
  options.say(`Blobs  S3 bucket "${bucket}"${endpoint === undefined ? "" : ` at ${endpoint}`}`);
  return location;
}

/** Folders whose names begin with a dot are the stores' own. */
function hasBlobs(folder: string): boolean {
  return readdirSync(folder).some((name) => !name.startsWith("."));
}
