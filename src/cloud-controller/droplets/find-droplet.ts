import type { Executor } from "../database/schema.ts";
import { toDroplet, type Droplet } from "./droplet-table.ts";

export async function findDroplet(db: Executor, guid: string): Promise<Droplet | undefined> {
  const row = await db
    .selectFrom("droplets")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  return row === undefined ? undefined : toDroplet(row);
}

/** The droplet that staging has made of a build, from the moment its bits have come. */
export async function findDropletOfBuild(
  db: Executor,
  buildGuid: string,
): Promise<Droplet | undefined> {
  const row = await db
    .selectFrom("droplets")
    .selectAll()
    .where("buildGuid", "=", buildGuid)
    .executeTakeFirst();
  return row === undefined ? undefined : toDroplet(row);
}
