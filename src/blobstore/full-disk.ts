import { BlobstoreFull } from "./blobstore.ts";

/** The error itself, or `BlobstoreFull` where it says that no space is left. */
export function asFullWhereFull(error: unknown): unknown {
  if (!isErrno(error, "ENOSPC") && !isErrno(error, "EDQUOT")) return error;
  return new BlobstoreFull("No space left for blobs: the disk is full", { cause: error });
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
