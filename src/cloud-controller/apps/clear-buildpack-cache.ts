import { z } from "zod";
import type { JobHandler } from "../jobs/jobs.ts";
import type { AppDataRemover } from "./app-runner.ts";

/** As in Cloud Controller, whose blobstore may be away for a moment. */
const maximumAttempts = 3;

const payload = z.object({ appGuid: z.string() });

/** The jobs that forget what stagings have left for later ones: of one app, and of all. */
export function clearBuildpackCaches(remover: AppDataRemover): readonly JobHandler[] {
  return [
    {
      operation: "app.clear_buildpack_cache",
      maximumAttempts,
      run: (job) => remover.removeBuildpackCache(payload.parse(job.payload).appGuid),
    },
    {
      operation: "admin.clear_buildpack_cache",
      maximumAttempts,
      run: () => remover.removeAllBuildpackCaches(),
    },
  ];
}
