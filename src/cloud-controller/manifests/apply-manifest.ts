import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import type { AppRunner } from "../apps/app-runner.ts";
import type { App } from "../apps/app-table.ts";
import { updateApp } from "../apps/app-update.ts";
import { mergeVariables, requireFits } from "../apps/environment-variables.ts";
import { setFeatures } from "../apps/set-features.ts";
import { findApp } from "../apps/find-app.ts";
import {
  hidden,
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { nameKey } from "../database/name-key.ts";
import { touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import { findProcessOfType } from "../processes/find-process.ts";
import { createProcess } from "../processes/process-create.ts";
import { scaleProcess } from "../processes/process-scale.ts";
import type { Process } from "../processes/process-table.ts";
import { updateProcess } from "../processes/process-update.ts";
import { applySidecars } from "../sidecars/sidecar-update.ts";
import { parseApp, type AppManifest } from "./app-manifest.ts";
import { applyRouting } from "./apply-routes.ts";
import { manifestRules } from "./manifest-rules.ts";
import type { YamlMap } from "./parse-manifest.ts";
import type { ProcessManifest } from "./process-manifest.ts";

interface ManifestApply {
  readonly db: Database;
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly runner: AppRunner;
  readonly appLog: AppLog;
}

interface ApplyContext extends ManifestTrigger {
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly actor: Actor;
}

const payloadSchema = z.object({
  spaceGuid: z.string(),
  /** The applications as the manifest has them. */
  applications: z.array(z.custom<YamlMap>((value) => typeof value === "object" && value !== null)),
});

/**
 * The job `space.apply_manifest`: app by app, each in one transaction, in Cloud Controller's order (features,
 * processes, sidecars, lifecycle and metadata, routes, environment, services). It stops at the first app that fails; what earlier
 * apps have become stays. Nothing is staged or restarted by it.
 */
export function applyManifest(dependencies: ManifestApply): JobHandler {
  const { db, clock, limits, runner, appLog } = dependencies;
  return {
    operation: "space.apply_manifest",
    async run(job) {
      const { spaceGuid, applications } = payloadSchema.parse(job.payload);
      const context = { clock, limits, actor: job.actor, manifestTriggered: true };
      const rules = await manifestRules(db);
      for (const [index, raw] of applications.entries()) {
        const parsed = parseApp(raw, index, rules);
        if (!parsed.ok) throw unprocessable(...parsed.errors);
        const manifest = parsed.app;
        const scaled = await db
          .transaction()
          .execute((tx) => applyToApp(tx, context, { spaceGuid, manifest }))
          .catch((error: unknown) => {
            throw prefixed(error, manifest.name);
          });
        appLog.write(scaled.app, `Applied manifest to app with guid ${scaled.app.guid}`);
        for (const guid of scaled.resized) await runner.processChanged(guid);
        for (const guid of scaled.rerouted) await runner.routesChanged(guid);
      }
    },
  };
}

function prefixed(error: unknown, name: string): unknown {
  if (!(error instanceof CfError)) return error;
  const texts = error.entries.map((entry) => `For application '${name}': ${entry.detail}`);
  return new CfError(error.title, texts, { cause: error });
}

interface Applied {
  readonly app: App;
  /** Started processes whose number of instances has changed. */
  readonly resized: readonly string[];
  /** Apps whose routes changed: it, and others to which a route leads whose options changed. */
  readonly rerouted: readonly string[];
}

async function applyToApp(
  db: Executor,
  context: ApplyContext,
  { spaceGuid, manifest }: { readonly spaceGuid: string; readonly manifest: AppManifest },
): Promise<Applied> {
  const row = await db
    .selectFrom("apps")
    .select("guid")
    .where("spaceGuid", "=", spaceGuid)
    .where("nameKey", "=", nameKey(manifest.name))
    .executeTakeFirst();
  const app = row === undefined ? undefined : await findApp(db, row.guid);
  if (app === undefined) throw unprocessable("The app was deleted while its manifest was applied");
  await setFeatures(db, context.clock, { app, features: manifest.features });
  const resized: string[] = [];
  for (const process of manifest.processes) {
    const changed = await applyToProcess(db, context, { app, manifest: process });
    if (changed !== undefined) resized.push(changed);
  }
  const { lifecycle, metadata, sidecars } = manifest;
  await applySidecars(db, context.clock, { appGuid: app.guid, messages: sidecars });
  if (lifecycle !== undefined || metadata !== undefined) {
    await updateApp(db, context, { app, message: { lifecycle, metadata } });
  }
  const rerouted = await applyRouting(db, context, { app, routing: manifest.routing });
  if (manifest.environment !== undefined) {
    await applyVariables(db, context, { app, variables: manifest.environment });
  }
  const [service] = manifest.services;
  if (service !== undefined) throw notFound(`Service instance '${service}'`);
  return { app, resized, rerouted };
}

async function applyVariables(
  db: Executor,
  context: ApplyContext,
  { app, variables }: { readonly app: App; readonly variables: Readonly<Record<string, string>> },
): Promise<void> {
  const merged = mergeVariables(app.environmentVariables, variables);
  requireFits(merged);
  await db
    .updateTable("apps")
    .set({ ...touched(context.clock), environmentVariables: JSON.stringify(merged) })
    .where("guid", "=", app.guid)
    .execute();
  await recordAuditEvent(db, context.clock, {
    type: "audit.app.update",
    actor: context.actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: { request: { environment_variables: hidden }, ...triggerOf(context) },
  });
}

/** Gives the process's guid where its number of instances changed while it is started. */
async function applyToProcess(
  db: Executor,
  context: ApplyContext,
  { app, manifest }: { readonly app: App; readonly manifest: ProcessManifest },
): Promise<string | undefined> {
  const { type, update, scale } = manifest;
  const process: Process =
    (await findProcessOfType(db, app.guid, type)) ??
    (await createProcess(db, context, { app, type }));
  if (Object.keys(update).length > 0) {
    await updateProcess(db, context, { app, process, message: update });
  }
  if (Object.keys(scale).length > 0) {
    await scaleProcess(db, context, { app, process, message: scale });
  }
  const isResized = scale.instances !== undefined && scale.instances !== process.instances;
  return isResized && process.state === "STARTED" ? process.guid : undefined;
}
