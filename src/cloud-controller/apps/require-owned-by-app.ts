import type { AuthContext } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { Action, Permissions } from "../http/permissions.ts";
import type { ListQuery } from "../http/list-query.ts";
import { isOneOf } from "../http/page.ts";
import type { Database } from "../database/schema.ts";
import { sql } from "kysely";
import type { App } from "./app-table.ts";
import { findApp } from "./find-app.ts";

interface Access {
  readonly db: Database;
  readonly permissions: Permissions;
}

/** Packages, builds and droplets are seen and changed by the rights that the caller has in their app's space. */
export async function requireOwnedByApp<T extends { readonly appGuid: string }>(
  { db, permissions }: Access,
  auth: AuthContext,
  wanted: {
    /** "Package", as the 404 names it. */
    readonly name: string;
    readonly resource: T | undefined;
    readonly action: Action;
    readonly readBy?: Action;
  },
): Promise<{ readonly resource: T; readonly app: App }> {
  const { name, resource, action, readBy } = wanted;
  const app = resource === undefined ? undefined : await findApp(db, resource.appGuid);
  if (resource === undefined || app === undefined) throw notFound(name);
  await permissions.require(auth, action, {
    name,
    place: { spaceGuid: app.spaceGuid },
    ...(readBy === undefined ? {} : { readBy }),
  });
  return { resource, app };
}

/** The guids of the apps that the caller may see and that the list's filters name, as a subquery. */
export function visibleApps({ db, permissions }: Access, auth: AuthContext, list: ListQuery) {
  let apps = db.selectFrom("apps as owner").select("owner.guid");
  const spaces = permissions.spaces(auth, "space.read");
  if (spaces !== undefined) apps = apps.where("owner.spaceGuid", "in", spaces);
  const { app_guids, space_guids, organization_guids } = list.filters;
  if (app_guids !== undefined) apps = apps.where(isOneOf(sql.ref("owner.guid"), app_guids));
  if (space_guids !== undefined) {
    apps = apps.where(isOneOf(sql.ref("owner.spaceGuid"), space_guids));
  }
  if (organization_guids === undefined) return apps;
  return apps.where("owner.spaceGuid", "in", (eb) =>
    eb
      .selectFrom("spaces as place")
      .select("place.guid")
      .where(isOneOf(sql.ref("place.organizationGuid"), organization_guids)),
  );
}
