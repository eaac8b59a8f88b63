import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { packageBlob } from "../blobs/blob-keys.ts";
import type { Database } from "../database/schema.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";

/** The job `package.delete`. The event stands where the package has gone, and there once, however often that is asked for. */
export function packageDelete({
  db,
  blobstore,
  clock,
}: {
  readonly db: Database;
  readonly blobstore: Blobstore;
  readonly clock: Clock;
}): JobHandler {
  return {
    operation: "package.delete",
    async run(job) {
      const guid = job.resourceGuid ?? "";
      await blobstore.delete(packageBlob(guid));
      await db.transaction().execute(async (tx) => {
        const removed = await tx
          .deleteFrom("packages")
          .where("guid", "=", guid)
          .returning("appGuid")
          .executeTakeFirst();
        await deleteMetadata(tx, "package", [guid]);
        const app = removed && (await findApp(tx, removed.appGuid));
        if (app === undefined) return;
        await recordAuditEvent(tx, clock, {
          type: "audit.app.package.delete",
          actor: job.actor,
          target: { guid: app.guid, type: "app", name: app.name },
          spaceGuid: app.spaceGuid,
          data: { package_guid: guid },
        });
      });
    },
  };
}
