import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { isOneOf } from "../http/page.ts";
import type { InstanceCounts } from "../processes/instance-reports.ts";
import { toProcess, type Process } from "../processes/process-table.ts";
import type { DeploymentFacts, WebProcess } from "./deployment-plan.ts";
import { updatedStates, toDeployment, type Deployment } from "./deployment-table.ts";
import { targetsOf } from "./deployment-targets.ts";

/** What Diego has said of a process, and how many instances it was asked about. */
export interface Observed {
  readonly process: Process;
  readonly counts: InstanceCounts;
}

/** The deployments that have something to do, and the web processes of their apps. */
export async function openDeployments(db: Executor): Promise<{
  readonly deployments: readonly Deployment[];
  readonly webProcesses: readonly Process[];
}> {
  const rows = await db
    .selectFrom("deployments")
    .selectAll()
    .where("state", "in", [...updatedStates])
    .orderBy("id")
    .execute();
  const deployments = rows.map(toDeployment);
  const appGuids = [...new Set(deployments.map(({ appGuid }) => appGuid))];
  return { deployments, webProcesses: await webProcessesOf(db, appGuids) };
}

/**
 * What the next step is decided by, as it is stored now. Undefined where it is no longer what Diego was asked about, or
 * the new process is not there: then nothing is decided.
 */
export async function deploymentFacts(
  db: Executor,
  deployment: Deployment,
  observed: ReadonlyMap<string, Observed>,
): Promise<DeploymentFacts | undefined> {
  const superseded = await supersededBy(db, deployment.appGuid);
  const processes: WebProcess[] = [];
  for (const { guid, version, instances } of await webProcessesOf(db, [deployment.appGuid])) {
    const seen = observed.get(guid);
    const isAsSeen = seen?.process.version === version && seen.process.instances === instances;
    if (seen === undefined || !isAsSeen) return undefined;
    processes.push({ guid, instances, counts: seen.counts, superseded: superseded.get(guid) });
  }
  const isDeploying = ({ guid }: WebProcess) => guid === deployment.deployingWebProcessGuid;
  const deploying = processes.find(isDeploying);
  if (deploying === undefined) return undefined;
  return {
    state: deployment.state,
    maxInFlight: deployment.maxInFlight,
    originalWebInstances: deployment.originalWebInstances,
    targets: targetsOf(deployment),
    deploying,
    others: processes.filter((process) => !isDeploying(process)),
  };
}

/** The oldest first. */
async function webProcessesOf(db: Executor, appGuids: readonly string[]): Promise<Process[]> {
  const rows = await db
    .selectFrom("processes")
    .selectAll()
    .where(isOneOf(sql.ref("processes.appGuid"), appGuids))
    .where("type", "=", "web")
    .orderBy("id")
    .execute();
  return rows.map(toProcess);
}

/** By the guid of the process that each superseded deployment of the app has made. */
async function supersededBy(
  db: Executor,
  appGuid: string,
): Promise<ReadonlyMap<string, WebProcess["superseded"]>> {
  const rows = await db
    .selectFrom("deployments")
    .select(["deployingWebProcessGuid as guid", "state"])
    .where("appGuid", "=", appGuid)
    .where("statusReason", "=", "SUPERSEDED")
    .execute();
  return new Map(
    rows.flatMap(({ guid, state }) =>
      guid === null
        ? []
        : [[guid, state === "DEPLOYED" ? "while-deploying" : "while-canceled"] as const],
    ),
  );
}
