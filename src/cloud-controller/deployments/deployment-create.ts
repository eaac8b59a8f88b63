import type { Clock } from "#kernel/clock/clock.ts";
import type { AppLog } from "../apps/app-log.ts";
import { setState } from "../apps/app-state.ts";
import type { App } from "../apps/app-table.ts";
import { assignDroplet } from "../apps/assign-droplet.ts";
import { findApp } from "../apps/find-app.ts";
import { lockApp } from "../apps/lock-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { CloudControllerLimits } from "../config.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { findDroplet } from "../droplets/find-droplet.ts";
import type { Actor } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { processesOfApp } from "../processes/find-process.ts";
import type { Process } from "../processes/process-table.ts";
import { currentRevision, rollbackRevision } from "../revisions/revision-create.ts";
import type { Revision } from "../revisions/revision-table.ts";
import { createSidecar } from "../sidecars/sidecar-create.ts";
import { refuseUnallowed } from "./deployment-quota.ts";
import { setStatus } from "./deployment-status.ts";
import { toDeployment, type Deployment } from "./deployment-table.ts";
import { deploymentTarget } from "./deployment-target.ts";
import { startingInstances } from "./deployment-targets.ts";
import { activeDeployment } from "./find-deployment.ts";
import type { CreateDeployment } from "./messages.ts";
import { cloneWebProcess, resized } from "./web-process-clone.ts";

export interface DeploymentCreation {
  readonly db: Database;
  readonly clock: Clock;
  readonly limits: CloudControllerLimits;
  readonly appLog: AppLog;
}

interface Request {
  readonly app: App;
  readonly message: CreateDeployment;
  readonly actor: Actor;
  /** As it came, for the audit event. */
  readonly body: unknown;
}

export interface CreatedDeployment {
  readonly deployment: Deployment;
  /** Guids of the processes that Diego is to be told of. */
  readonly started: readonly string[];
  /** Of the one whose place it takes. */
  readonly superseded: string | undefined;
}

/**
 * Begins to replace what runs: the app becomes what it is to be (droplet; for a rollback also variables and sidecars),
 * and a second web process is made of it, with the first of its instances. A stopped app is started instead, and that
 * is all. A deployment that was under way is superseded; its process counts as one of the old ones from then on.
 */
export async function createDeployment(
  creation: DeploymentCreation,
  request: Request,
): Promise<CreatedDeployment> {
  const created = await creation.db.transaction().execute(async (tx) => {
    await lockApp(tx, request.app.guid);
    const app = await findApp(tx, request.app.guid);
    if (app === undefined) throw notFound("App");
    return await create(tx, creation, { ...request, app });
  });
  const { guid } = request.app;
  creation.appLog.write(request.app, `Creating deployment for app with guid ${guid}`);
  return created;
}

async function create(
  tx: Executor,
  creation: DeploymentCreation,
  request: Request,
): Promise<CreatedDeployment> {
  const { app, message } = request;
  const { maximumDiskInMb } = creation.limits;
  const { newest } = await webProcesses(tx, app.guid);
  const isResized = [
    message.webInstances,
    message.memoryInMb,
    message.logRateLimitInBytesPerSecond,
  ];
  if (app.state === "STARTED" && isResized.some((value) => value !== null)) {
    const process = resized(newest, message);
    const asked = { ...process, instances: message.webInstances ?? process.instances };
    await refuseUnallowed(tx, { app, process: asked, maximumDiskInMb });
  }
  const revision = await becomeTarget(tx, creation, request);
  const previous = await activeDeployment(tx, app.guid);
  const deployment = await insertDeployment(tx, creation.clock, { request, revision, previous });
  await recordCreation(tx, creation.clock, { request, deployment });
  if (app.state === "STOPPED") {
    return await startInstead(tx, creation, { request, deployment, revision });
  }
  const web = resized(newest, message);
  const instances = startingInstances(deployment);
  const clone = await cloneWebProcess(tx, creation.clock, { web, instances, revision });
  await refuseUnallowed(tx, { app, process: clone, maximumDiskInMb });
  if (previous !== undefined) await supersede(tx, creation.clock, previous);
  await tx
    .updateTable("deployments")
    .set({ deployingWebProcessGuid: clone.guid })
    .where("guid", "=", deployment.guid)
    .execute();
  return { deployment, started: [clone.guid], superseded: previous?.guid };
}

/** Gives the app what it is to run; the revision that it is then, where it keeps them. */
async function becomeTarget(
  tx: Executor,
  { clock, limits, appLog }: DeploymentCreation,
  request: Request,
): Promise<Revision | undefined> {
  const { app, actor } = request;
  const { dropletGuid, rollback } = await deploymentTarget(tx, request);
  await assignDroplet(tx, { clock, limits, actor }, { app, dropletGuid });
  const context = { clock, actor, appLog };
  if (rollback === undefined) return await currentRevision(tx, context, app.guid);
  await takeSidecars(tx, clock, rollback);
  await tx
    .updateTable("apps")
    .set({
      ...touched(clock),
      environmentVariables: JSON.stringify(rollback.environmentVariables),
    })
    .where("guid", "=", app.guid)
    .execute();
  return await rollbackRevision(tx, context, { app, revision: rollback });
}

/** The original makes all of them the user's, which the next assignment of that droplet would then refuse. */
async function takeSidecars(tx: Executor, clock: Clock, revision: Revision): Promise<void> {
  const { appGuid } = revision;
  const droplet = await findDroplet(tx, revision.dropletGuid);
  const ofBuildpacks = new Set(droplet?.sidecars.map(({ name }) => name));
  await tx.deleteFrom("sidecars").where("appGuid", "=", appGuid).execute();
  for (const sidecar of revision.sidecars) {
    const origin = ofBuildpacks.has(sidecar.name) ? "buildpack" : "user";
    await createSidecar(tx, clock, { appGuid, sidecar, origin });
  }
}

async function insertDeployment(
  tx: Executor,
  clock: Clock,
  {
    request,
    revision,
    previous,
  }: {
    readonly request: Request;
    readonly revision: Revision | undefined;
    readonly previous: Deployment | undefined;
  },
): Promise<Deployment> {
  const { app, message } = request;
  const record = newRecord(clock);
  const { oldest } = await webProcesses(tx, app.guid);
  const isCanary = message.strategy === "canary";
  const now = await findApp(tx, app.guid);
  const row = await tx
    .insertInto("deployments")
    .values({
      ...record,
      appGuid: app.guid,
      state: isCanary ? "PREPAUSED" : "DEPLOYING",
      statusValue: "ACTIVE",
      statusReason: "DEPLOYING",
      statusUpdatedAt: record.createdAt,
      lastHealthyAt: record.createdAt,
      error: null,
      strategy: message.strategy,
      dropletGuid: now?.dropletGuid ?? "",
      previousDropletGuid: app.dropletGuid,
      revisionGuid: revision?.guid ?? null,
      revisionVersion: revision?.version ?? null,
      deployingWebProcessGuid: null,
      originalWebInstances: previous?.originalWebInstances ?? oldest.instances,
      maxInFlight: message.maxInFlight,
      webInstances: message.webInstances,
      memoryInMb: message.memoryInMb,
      diskInMb: message.diskInMb,
      logRateLimitInBytesPerSecond: message.logRateLimitInBytesPerSecond,
      canarySteps: message.canarySteps === null ? null : JSON.stringify(message.canarySteps),
      canaryCurrentStep: isCanary ? 1 : null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await updateMetadata(tx, { type: "deployment", guid: row.guid }, message.metadata);
  return toDeployment(row);
}

async function startInstead(
  tx: Executor,
  { clock, limits, appLog }: DeploymentCreation,
  {
    request,
    deployment,
    revision,
  }: {
    readonly request: Request;
    readonly deployment: Deployment;
    readonly revision: Revision | undefined;
  },
): Promise<CreatedDeployment> {
  const { app, message, actor } = request;
  const { newest } = await webProcesses(tx, app.guid);
  const process = resized(newest, message);
  const web = { ...process, instances: message.webInstances ?? process.instances };
  await refuseUnallowed(tx, { app, process: web, maximumDiskInMb: limits.maximumDiskInMb });
  await tx
    .updateTable("processes")
    .set({
      instances: web.instances,
      memoryInMb: web.memoryInMb,
      diskInMb: web.diskInMb,
      logRateLimitInBytesPerSecond: web.logRateLimitInBytesPerSecond,
    })
    .where("guid", "=", web.guid)
    .execute();
  await setState(tx, clock, { app, state: "STARTED", revision });
  await recordAuditEvent(tx, clock, {
    type: "audit.app.start",
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
  });
  appLog.write(app, `Starting app with guid ${app.guid}`);
  await setStatus(tx, clock, { deployment, status: "DEPLOYED" });
  const started = await processesOfApp(tx, app.guid);
  return { deployment, started: started.map(({ guid }) => guid), superseded: undefined };
}

async function supersede(tx: Executor, clock: Clock, previous: Deployment): Promise<void> {
  const status = previous.state === "DEPLOYING" ? "SUPERSEDED, DEPLOYING" : "SUPERSEDED, OTHERWISE";
  await setStatus(tx, clock, { deployment: previous, status });
}

async function recordCreation(
  tx: Executor,
  clock: Clock,
  { request, deployment }: { readonly request: Request; readonly deployment: Deployment },
): Promise<void> {
  const { app, actor, message, body } = request;
  await recordAuditEvent(tx, clock, {
    type: "audit.app.deployment.create",
    actor,
    target: { guid: app.guid, type: "app", name: app.name },
    spaceGuid: app.spaceGuid,
    data: {
      deployment_guid: deployment.guid,
      droplet_guid: deployment.dropletGuid,
      type: message.revisionGuid === undefined ? null : "rollback",
      revision_guid: deployment.revisionGuid,
      request: body,
      strategy: deployment.strategy,
    },
  });
}

/** Several exist while a deployment runs. An app has had one since it was made. */
async function webProcesses(
  db: Executor,
  appGuid: string,
): Promise<{ readonly oldest: Process; readonly newest: Process }> {
  const processes = (await processesOfApp(db, appGuid)).filter(({ type }) => type === "web");
  const [oldest] = processes;
  const newest = processes.at(-1);
  if (oldest === undefined || newest === undefined) throw notFound("Process");
  return { oldest, newest };
}
