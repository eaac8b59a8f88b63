import type { Readable } from "node:stream";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { FreeSpace } from "#blobstore/free-space.ts";
import { stageRetryBlob } from "../blobs/blob-keys.ts";
import type { BlobUrls } from "../blobs/blob-urls.ts";
import type { Fetchable, StagingRetry } from "../staging/task-definition.ts";
import { StagingRefused } from "../staging/stager.ts";
import type { RetryPlan } from "./retry-plan.ts";

/** What a retried staging is given, beside what every one is. */
export interface RetryInputs {
  readonly plan: RetryPlan;
  /** Undefined where the cell does not keep it any more. */
  readonly snapshot: () => Promise<Readable | undefined>;
  /** Zips on this machine, which are taken away. */
  readonly buildpack: string | undefined;
  readonly files: string | undefined;
}

/**
 * Puts it where cells fetch blobs, before the work is placed: the container that it comes from may have to give way to that
 * work. Whatever becomes of it, it is removed once the build has ended (`stage-retries.ts`).
 *
 * @throws `StagingRefused`
 */
export async function storeRetryInputs(
  parts: {
    readonly blobstore: Blobstore;
    readonly blobUrls: BlobUrls;
    readonly space: FreeSpace;
  },
  buildGuid: string,
  { plan, snapshot, buildpack, files }: RetryInputs,
): Promise<StagingRetry> {
  const { blobstore, blobUrls } = parts;
  const ofFile = async (
    what: "buildpack" | "files",
    file: string | undefined,
  ): Promise<Fetchable | undefined> => {
    if (file === undefined) return undefined;
    const key = stageRetryBlob(buildGuid, what);
    const { sha256 } = await blobstore.putFile(key, file);
    return { url: blobUrls.forCell(key), sha256 };
  };
  const bits = await ofFile("buildpack", buildpack);
  return {
    from: plan.isFirst
      ? undefined
      : { script: plan.script, snapshot: await storeSnapshot(parts, buildGuid, snapshot) },
    buildpack: bits === undefined ? undefined : { index: plan.index, bits },
    files: await ofFile("files", files),
  };
}

async function storeSnapshot(
  parts: Parameters<typeof storeRetryInputs>[0],
  buildGuid: string,
  snapshot: RetryInputs["snapshot"],
): Promise<Fetchable> {
  const { blobstore, blobUrls, space } = parts;
  const key = stageRetryBlob(buildGuid, "snapshot");
  await space.require();
  try {
    const tar = await snapshot();
    if (tar === undefined) throw new Error("its cell does not have it any more");
    const { sha256 } = await blobstore.put(key, tar);
    return { url: blobUrls.forCell(key), sha256 };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StagingRefused(`what the script found could not be fetched from the cell: ${why}`, {
      cause: error,
    });
  }
}
