import { z } from "zod";
import type { AppDelete } from "../apps/app-delete.ts";
import { actorOfJob } from "../audit-events/actor-of-job.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteSpace } from "../spaces/space-delete.ts";

const payload = z.object({ organizationGuid: z.string() });

/** The job `organization.delete`: all its spaces, then its domains and roles. */
export function organizationDelete(dependencies: AppDelete): JobHandler {
  const { db } = dependencies;
  return {
    operation: "organization.delete",
    async run(job) {
      const { organizationGuid } = payload.parse(job.payload);
      const spaces = await db
        .selectFrom("spaces")
        .select("guid")
        .where("organizationGuid", "=", organizationGuid)
        .execute();
      const actor = await actorOfJob(db, job);
      for (const space of spaces) {
        await deleteSpace(dependencies, { spaceGuid: space.guid, actor });
      }
      await db.transaction().execute(async (tx) => {
        await tx.deleteFrom("domains").where("organizationGuid", "=", organizationGuid).execute();
        await tx.deleteFrom("roles").where("organizationGuid", "=", organizationGuid).execute();
        await tx
          .deleteFrom("isolationSegmentEntitlements")
          .where("organizationGuid", "=", organizationGuid)
          .execute();
        await tx
          .deleteFrom("spaceQuotas")
          .where("organizationGuid", "=", organizationGuid)
          .execute();
        await deleteMetadata(tx, "organization", [organizationGuid]);
        await tx.deleteFrom("organizations").where("guid", "=", organizationGuid).execute();
      });
    },
  };
}
