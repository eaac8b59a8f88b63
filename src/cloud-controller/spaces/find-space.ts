import type { Executor } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { Space } from "./space-table.ts";

export async function findSpace(db: Executor, guid: string): Promise<Space | undefined> {
  return await db.selectFrom("spaces").selectAll().where("guid", "=", guid).executeTakeFirst();
}

/** @throws 404 where it is not there or not to be seen, 403 where the caller may not do that there */
export async function permittedSpace(
  { db, permissions }: { readonly db: Executor; readonly permissions: Permissions },
  auth: AuthContext,
  guid: string,
  action: Action,
): Promise<Space> {
  const space = await findSpace(db, guid);
  if (space === undefined) throw notFound("Space");
  await permissions.require(auth, action, { name: "Space", place: { spaceGuid: guid } });
  return space;
}
