import { z } from "zod";
import type { Database } from "../database/schema.ts";
import type { Authenticate } from "../http/authentication.ts";
import { mayRead } from "../http/auth-context.ts";
import { notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Permissions } from "../http/permissions.ts";
import { findApp } from "./find-app.ts";

const guidParam = z.string().min(1).max(200);

/** On the internal listener: log-cache asks, with a user's own token, whether that user may read an app's logs. */
export function registerLogAccess(
  app: ApiServer,
  { db, permissions }: { readonly db: Database; readonly permissions: Permissions },
  authenticate: Authenticate,
): void {
  app.get<{ Params: { guid: string } }>("/internal/v4/log_access/:guid", async (request) => {
    const auth = await authenticate(request.headers.authorization);
    const found = await findApp(db, guidParam.parse(request.params.guid));
    if (found === undefined || !mayRead(auth)) throw notFound("App");
    const place = { spaceGuid: found.spaceGuid };
    await permissions.require(auth, "space.read", { name: "App", place });
    return {};
  });
}
