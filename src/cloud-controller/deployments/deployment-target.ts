import type { App } from "../apps/app-table.ts";
import type { Executor } from "../database/schema.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { findRevision } from "../revisions/find-revision.ts";
import type { Revision } from "../revisions/revision-table.ts";
import type { CreateDeployment } from "./messages.ts";

export interface DeploymentTarget {
  /** May not exist or be another app's; its assignment refuses that. */
  readonly dropletGuid: string;
  /** Which revision to go back to. */
  readonly rollback: Revision | undefined;
}

/** What is to run: the droplet of a revision, the one that the message names, or the app's current one. */
export async function deploymentTarget(
  db: Executor,
  { app, message }: { readonly app: App; readonly message: CreateDeployment },
): Promise<DeploymentTarget> {
  const { dropletGuid, revisionGuid } = message;
  if (revisionGuid !== undefined) return await targetOfRevision(db, { app, revisionGuid });
  const wanted = dropletGuid ?? app.dropletGuid;
  if (wanted !== null) return { dropletGuid: wanted, rollback: undefined };
  throw unprocessable(
    "Invalid droplet. Please specify a droplet in the request or set a current droplet for the app.",
  );
}

async function targetOfRevision(
  db: Executor,
  { app, revisionGuid }: { readonly app: App; readonly revisionGuid: string },
): Promise<DeploymentTarget> {
  const rollback = await findRevision(db, revisionGuid);
  // The original lets another app's revision through to a droplet that it then finds to be another app's.
  if (rollback === undefined || rollback.appGuid !== app.guid) {
    throw unprocessable("The revision does not exist");
  }
  const droplet = await findDroplet(db, rollback.dropletGuid);
  if (droplet === undefined || droplet.state === "EXPIRED") {
    throw unprocessable(
      "Unable to deploy this revision, the droplet for this revision no longer exists.",
    );
  }
  return { dropletGuid: droplet.guid, rollback };
}
