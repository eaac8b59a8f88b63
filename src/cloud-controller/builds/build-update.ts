import type { Clock } from "#kernel/clock/clock.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import { touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { requireEnabled } from "../feature-flags/feature-flags.ts";
import { actorOf, mayUpdateBuildState, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { stagerError } from "../staging/failure-reason.ts";
import type { StagingCancellation } from "../staging/staging-cancellation.ts";
import { findBuild } from "./find-build.ts";
import { buildUpdateMessage } from "./messages.ts";

interface Update {
  readonly db: Database;
  readonly clock: Clock;
  readonly permissions: Permissions;
  readonly cancellation: StagingCancellation;
}

/**
 * A build's metadata is its space's to change, its state only a stager's (administrators, and who has the scope
 * `cloud_controller.update_build_state`). Whether `state` is asked for is looked at before the rest of the body.
 */
export async function updateBuild(
  context: Update,
  auth: AuthContext,
  { guid, body }: { readonly guid: string; readonly body: unknown },
): Promise<void> {
  const { db, clock, cancellation } = context;
  const build = await findBuild(db, guid);
  const asksForState = typeof body === "object" && body !== null && Object.hasOwn(body, "state");
  if (!mayUpdateBuildState(auth) || !asksForState) {
    const action = asksForState ? "space.read" : "space.write";
    await requireOwnedByApp(context, auth, { name: "Build", resource: build, action });
    if (asksForState) throw new CfError("NotAuthorized");
  }
  if (build === undefined) throw notFound("Build");
  const message = parseMessage(buildUpdateMessage, body);
  // What a stager of another kind has made is an image of docker.
  if (message.state === "STAGED") await requireEnabled(db, "diego_docker");
  if (message.state !== undefined) {
    const reason = message.error ?? "";
    const isFirst = await cancellation.cancelBuild(guid, actorOf(auth), stagerError(reason));
    if (!isFirst) throw unprocessable(`Build is already ${build.state}`);
  }
  await db.transaction().execute(async (tx) => {
    await updateMetadata(tx, { type: "build", guid }, message.metadata);
    await tx.updateTable("builds").set(touched(clock)).where("guid", "=", guid).execute();
  });
}
