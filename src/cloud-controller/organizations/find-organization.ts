import type { Executor } from "../database/schema.ts";
import type { Organization } from "./organization-table.ts";

export async function findOrganization(
  db: Executor,
  guid: string,
): Promise<Organization | undefined> {
  return await db
    .selectFrom("organizations")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
}
