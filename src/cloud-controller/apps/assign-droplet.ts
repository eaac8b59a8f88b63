import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { createMissingProcesses } from "../processes/process-create.ts";
import { takeSidecarsOfDroplet } from "../sidecars/sidecars-of-droplet.ts";
import type { App } from "./app-table.ts";

/**
 * Makes a droplet the current one: what the next start runs. The app gets the processes that the droplet names; what
 * runs now is not touched.
 */
export async function assignDroplet(
  db: Executor,
  context: { readonly clock: Clock; readonly limits: CloudControllerLimits; readonly actor: Actor },
  { app, dropletGuid }: { readonly app: App; readonly dropletGuid: string },
): Promise<void> {
  const droplet = await findDroplet(db, dropletGuid);
  if (droplet === undefined || droplet.appGuid !== app.guid) {
    throw unprocessable(
      "Unable to assign current droplet. Ensure the droplet exists and belongs to this app.",
    );
  }
  if (droplet.state !== "STAGED") throw unprocessable("droplet must be in staged state");
  // None at all is fine: the binary buildpack leaves the command to the process.
  const types = Object.keys(droplet.processTypes);
  await db
    .updateTable("apps")
    .set({ ...touched(context.clock), dropletGuid })
    .where("guid", "=", app.guid)
    .execute();
  await takeSidecarsOfDroplet(db, context.clock, { appGuid: app.guid, droplet });
  await createMissingProcesses(db, context, { app, types });
  await recordAuditEvent(db, context.clock, {
    type: "audit.app.droplet.mapped",
    actor: context.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { request: { droplet_guid: dropletGuid } },
  });
}
