import type { Executor } from "../database/schema.ts";

/**
 * Lets one transaction at a time decide about an app's deployments and processes: a second one waits at this line until
 * the first is over. Nothing is changed; both of our databases lock a row that is written.
 */
export async function lockApp(db: Executor, guid: string): Promise<void> {
  await db
    .updateTable("apps")
    .set((eb) => ({ guid: eb.ref("apps.guid") }))
    .where("guid", "=", guid)
    .execute();
}
