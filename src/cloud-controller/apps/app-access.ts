import type { Clock } from "#kernel/clock/clock.ts";
import type { CloudControllerLimits } from "../config.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Links } from "../http/links.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import type { AppLog } from "./app-log.ts";
import { presentApp } from "./app-presenter.ts";
import type { AppDataRemover, AppRunner, StagingStopper } from "./app-runner.ts";
import type { App } from "./app-table.ts";
import { findApp } from "./find-app.ts";

export interface AppRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly limits: CloudControllerLimits;
  readonly jobs: Jobs;
  readonly runner: AppRunner;
  readonly remover: AppDataRemover;
  readonly stagings: StagingStopper;
  readonly appLog: AppLog;
  /** Open files of an instance, as VCAP_APPLICATION tells them. */
  readonly fileDescriptors: number;
}

/** The app, for a caller who may do that with it; 404 and 403 otherwise. */
export async function permittedApp(
  { db, permissions }: Pick<AppRoutes, "db" | "permissions">,
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<App> {
  const app = await findApp(db, guid);
  if (app === undefined) throw notFound("App");
  await permissions.require(auth, action, { name: "App", place: { spaceGuid: app.spaceGuid } });
  return app;
}

export async function presentStoredApp(
  { db, links }: Pick<AppRoutes, "db" | "links">,
  guid: string,
) {
  const app = await findApp(db, guid);
  if (app === undefined) throw notFound("App");
  const metadata = await loadMetadata(db, "app", [guid]);
  return presentApp(app, { links, metadata: metadata.get(guid) ?? noMetadata });
}
