import type { Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { unprocessableQuery } from "../http/unprocessable-query.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import { listUsers, parseUserQuery } from "./list-users.ts";
import { createUserMessage, updateUserMessage } from "./messages.ts";
import type { UaaUsers } from "./uaa-users.ts";
import { createUser } from "./user-create.ts";
import { presentUser } from "./user-presenter.ts";
import type { UserTable } from "./user-table.ts";
import { visibleUsers } from "./visible-users.ts";

interface UserRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly uaaUsers: UaaUsers | undefined;
}

export function registerUsers(app: ApiServer, dependencies: UserRoutes): void {
  registerList(app, dependencies);
  registerSingle(app, dependencies);
}

function registerList(app: ApiServer, dependencies: UserRoutes): void {
  app.get("/v3/users", async (request) => {
    const list = unprocessableQuery(() => parseUserQuery(request.query));
    const users = visibleUsers(dependencies, request.auth);
    return await listUsers(dependencies, users, { list, path: "/v3/users" });
  });
}

function registerSingle(app: ApiServer, dependencies: UserRoutes): void {
  const { db, clock, links, jobs, uaaUsers } = dependencies;

  app.post("/v3/users", async (request, reply) => {
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const message = parseMessage(createUserMessage, request.body);
    const guid = await createUser({ db, clock, uaaUsers }, message);
    return await reply
      .status(201)
      .send(await present(dependencies, await visible(dependencies, request.auth, guid)));
  });

  app.get<{ Params: { guid: string } }>("/v3/users/:guid", async (request) =>
    present(dependencies, await visible(dependencies, request.auth, request.params.guid)),
  );

  app.patch<{ Params: { guid: string } }>("/v3/users/:guid", async (request) => {
    const user = await visible(dependencies, request.auth, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const message = parseMessage(updateUserMessage, request.body);
    await updateMetadata(db, { type: "user", guid: user.guid }, message.metadata);
    return await present(dependencies, user);
  });

  app.delete<{ Params: { guid: string } }>("/v3/users/:guid", async (request, reply) => {
    const user = await visible(dependencies, request.auth, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const job = await jobs.enqueue({
      operation: "user.delete",
      payload: { userGuid: user.guid },
      resource: { guid: user.guid, type: "user" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

async function visible(
  dependencies: UserRoutes,
  auth: AuthContext,
  guid: string,
): Promise<Selectable<UserTable>> {
  const user = await visibleUsers(dependencies, auth)
    .where("users.guid", "=", guid)
    .executeTakeFirst();
  if (user === undefined) throw notFound("User");
  return user;
}

async function present({ db, links }: UserRoutes, user: Selectable<UserTable>) {
  const metadata = await loadMetadata(db, "user", [user.guid]);
  return presentUser(user, { links, metadata: metadata.get(user.guid) ?? noMetadata });
}
