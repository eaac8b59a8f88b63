import { z } from "zod";
import type { Database } from "../database/schema.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import type { UserDirectory } from "./user-directory.ts";

const payload = z.object({ userGuid: z.string() });

/** The job `user.delete`: the record and its roles; UAA's account is another matter. */
export function userDelete(db: Database, directory: UserDirectory): JobHandler {
  return {
    operation: "user.delete",
    async run(job) {
      const { userGuid } = payload.parse(job.payload);
      await db.transaction().execute(async (tx) => {
        await tx.deleteFrom("roles").where("userGuid", "=", userGuid).execute();
        await tx.deleteFrom("users").where("guid", "=", userGuid).execute();
        await deleteMetadata(tx, "user", [userGuid]);
      });
      directory.forget(userGuid);
    },
  };
}
