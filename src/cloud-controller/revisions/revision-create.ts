import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { App } from "../apps/app-table.ts";
import { findApp } from "../apps/find-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { processesOfApp } from "../processes/find-process.ts";
import { sidecarsOfApp } from "../sidecars/find-sidecar.ts";
import { latestRevision } from "./find-revision.ts";
import { revisionReasons } from "./revision-reasons.ts";
import { toRevision, type Configuration, type Revision } from "./revision-table.ts";

const highestVersion = 9999;

export interface RevisionContext {
  readonly clock: Clock;
  readonly actor: Actor;
  readonly appLog: AppLog;
}

/**
 * The revision that the app is now: its latest, or a new one where something differs. None for an app that keeps no
 * revisions or has no droplet.
 */
export async function currentRevision(
  db: Executor,
  context: RevisionContext,
  appGuid: string,
): Promise<Revision | undefined> {
  const app = await findApp(db, appGuid);
  if (app === undefined || !app.features.revisions || app.dropletGuid === null) return undefined;
  const configuration = await configurationOf(db, app, app.dropletGuid);
  const latest = await latestRevision(db, appGuid);
  if (latest === undefined) {
    return await create(db, context, { app, configuration, latest }, ["Initial revision."]);
  }
  const reasons = revisionReasons(latest, configuration);
  if (reasons.length === 0) return latest;
  return await create(db, context, { app, configuration, latest }, reasons);
}

/**
 * A new revision that is what an earlier one was.
 *
 * @throws 422 where the latest is just that
 */
export async function rollbackRevision(
  db: Executor,
  context: RevisionContext,
  { app, revision }: { readonly app: App; readonly revision: Revision },
): Promise<Revision> {
  const latest = await latestRevision(db, app.guid);
  const reasons = latest === undefined ? [] : revisionReasons(latest, revision);
  if (reasons.length === 0) {
    throw unprocessable(
      "Unable to rollback. The code and configuration you are rolling back to is the same as the deployed revision.",
    );
  }
  const because = [...reasons, `Rolled back to revision ${revision.version}.`];
  return await create(db, context, { app, configuration: revision, latest }, because);
}

async function configurationOf(
  db: Executor,
  app: App,
  dropletGuid: string,
): Promise<Configuration> {
  const sidecars = await sidecarsOfApp(db, app.guid);
  // The oldest first: of the web processes that exist during a deployment the newest counts.
  const processes = await processesOfApp(db, app.guid);
  return {
    dropletGuid,
    environmentVariables: app.environmentVariables,
    commands: Object.fromEntries(processes.map(({ type, command }) => [type, command])),
    sidecars: sidecars.map(({ name, command, processTypes, memoryInMb }) => ({
      name,
      command,
      processTypes: [...processTypes],
      memoryInMb,
    })),
  };
}

async function create(
  db: Executor,
  { clock, actor, appLog }: RevisionContext,
  {
    app,
    configuration,
    latest,
  }: {
    readonly app: App;
    readonly configuration: Configuration;
    readonly latest: Revision | undefined;
  },
  reasons: readonly string[],
): Promise<Revision> {
  const version = latest === undefined || latest.version >= highestVersion ? 1 : latest.version + 1;
  await makeRoom(db, app.guid, version);
  const row = await db
    .insertInto("revisions")
    .values({
      ...newRecord(clock),
      appGuid: app.guid,
      version,
      dropletGuid: configuration.dropletGuid,
      environmentVariables: JSON.stringify(configuration.environmentVariables),
      commands: JSON.stringify(configuration.commands),
      sidecars: JSON.stringify(configuration.sidecars),
      description: reasons.join(" "),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await recordAuditEvent(db, clock, {
    type: "audit.app.revision.create",
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { revision_guid: row.guid, revision_version: row.version },
  });
  appLog.write(app, `Creating revision for app with guid ${app.guid}`);
  return toRevision(row);
}

/** Once the versions begin again, a new revision takes the place of the one that had its number. */
async function makeRoom(db: Executor, appGuid: string, version: number): Promise<void> {
  const replaced = await db
    .deleteFrom("revisions")
    .where("appGuid", "=", appGuid)
    .where("version", "=", version)
    .returning("guid")
    .execute();
  await deleteMetadata(
    db,
    "revision",
    replaced.map(({ guid }) => guid),
  );
}
