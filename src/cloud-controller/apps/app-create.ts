import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { named } from "../database/name-key.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import { createProcess } from "../processes/process-create.ts";
import { changeAppCount } from "./app-count.ts";
import { requireAppName } from "./app-name.ts";
import { requireFits } from "./environment-variables.ts";
import { toApp, type App, type Lifecycle } from "./app-table.ts";

export interface NewApp {
  readonly name: string;
  readonly spaceGuid: string;
  readonly lifecycle: Lifecycle;
  readonly environmentVariables: Readonly<Record<string, unknown>>;
  readonly metadata?: MetadataPatch | undefined;
  /** What was asked for, without secrets, for the event. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** Stores an app and its web process, whose guid is the app's. */
export async function createApp(
  db: Executor,
  context: { readonly clock: Clock; readonly limits: CloudControllerLimits; readonly actor: Actor },
  wanted: NewApp,
): Promise<App> {
  requireAppName(wanted.name);
  requireFits(wanted.environmentVariables);
  const row = await db
    .insertInto("apps")
    .values({
      ...newRecord(context.clock),
      ...named(wanted.name),
      spaceGuid: wanted.spaceGuid,
      desiredState: "STOPPED",
      dropletGuid: null,
      lifecycleType: wanted.lifecycle.type,
      stack: wanted.lifecycle.stack,
      buildpacks: JSON.stringify(wanted.lifecycle.buildpacks),
      environmentVariables: JSON.stringify(wanted.environmentVariables),
      enableSsh: 1,
      revisionsEnabled: 1,
      serviceBindingK8sEnabled: 0,
      fileBasedVcapServicesEnabled: 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
    .catch(whereTaken(() => appNameTaken(wanted.name)));
  const app = toApp(row);
  await changeAppCount(db, app.spaceGuid, 1);
  await updateMetadata(db, { type: "app", guid: app.guid }, wanted.metadata);
  await recordAuditEvent(db, context.clock, {
    type: "audit.app.create",
    actor: context.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { request: wanted.request },
  });
  await createProcess(db, context, { app, type: "web", guid: app.guid });
  return app;
}

export function appNameTaken(name: string): CfError {
  return new CfError("UniquenessError", `App with the name '${name}' already exists.`);
}
