import type { Executor } from "../database/schema.ts";
import { progressingStates, toDeployment, type Deployment } from "./deployment-table.ts";

export async function findDeployment(db: Executor, guid: string): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom("deployments")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  return row === undefined ? undefined : toDeployment(row);
}

/** The app's deployment that is not over, if there is one. */
export async function activeDeployment(
  db: Executor,
  appGuid: string,
): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom("deployments")
    .selectAll()
    .where("appGuid", "=", appGuid)
    .where("state", "in", [...progressingStates, "CANCELING"])
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row === undefined ? undefined : toDeployment(row);
}

/** While it is so, the web process and the current droplet are the deployment's. */
export async function isDeploying(db: Executor, appGuid: string): Promise<boolean> {
  const row = await db
    .selectFrom("deployments")
    .select("guid")
    .where("appGuid", "=", appGuid)
    .where("state", "in", [...progressingStates])
    .executeTakeFirst();
  return row !== undefined;
}
