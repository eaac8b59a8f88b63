import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord, isUniqueViolation } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import type { AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Permissions } from "../http/permissions.ts";
import { acceptJob } from "../jobs/routes.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { loadMetadata, metadataSchema, noMetadata, updateMetadata } from "../metadata/metadata.ts";
import type { UaaUsers } from "./uaa-users.ts";
import { presentUser } from "./user-presenter.ts";
import type { UserTable } from "./user-table.ts";

interface UserRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly permissions: Permissions;
  readonly jobs: Jobs;
  readonly uaaUsers: UaaUsers | undefined;
}

const createUserMessage = z.strictObject({
  guid: z.string().min(1).max(200),
  metadata: metadataSchema.optional(),
});
/** A client of UAA, or a user that it does not know. */
const unnamed = { username: null, origin: null };
const updateUserMessage = z.strictObject({ metadata: metadataSchema.optional() });

export function registerUsers(app: ApiServer, dependencies: UserRoutes): void {
  registerList(app, dependencies);
  registerSingle(app, dependencies);
}

function registerList(app: ApiServer, dependencies: UserRoutes): void {
  const { db, links } = dependencies;

  app.get("/v3/users", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["usernames", "partial_usernames", "origins"],
      labels: true,
    });
    let query = visibleUsers(dependencies, request.auth);
    const { usernames, origins } = list.filters;
    if (usernames !== undefined) query = query.where(isOneOf(sql.ref("users.username"), usernames));
    if (origins !== undefined) query = query.where(isOneOf(sql.ref("users.origin"), origins));
    for (const part of list.filters["partial_usernames"] ?? []) {
      query = query.where(sql<boolean>`instr(lower(users.username), lower(${part})) > 0`);
    }
    const page = await fetchPage(query, list, "users", "user");
    const metadata = await loadMetadata(
      db,
      "user",
      page.rows.map((row) => row.guid),
    );
    return presentPage({
      links,
      path: "/v3/users",
      list,
      total: page.total,
      resources: page.rows.map((row) =>
        presentUser(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
      ),
    });
  });
}

function registerSingle(app: ApiServer, dependencies: UserRoutes): void {
  const { db, clock, links, jobs, uaaUsers } = dependencies;

  app.post("/v3/users", async (request, reply) => {
    const message = parseMessage(createUserMessage, request.body);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const { username, origin } = (await uaaUsers?.byGuid(message.guid)) ?? unnamed;
    await db.transaction().execute(async (tx) => {
      await tx
        .insertInto("users")
        .values({ ...newRecord(clock, message.guid), username, origin })
        .execute()
        .catch((error: unknown) => {
          throw isUniqueViolation(error)
            ? unprocessable(`User with guid '${message.guid}' already exists.`)
            : error;
        });
      await updateMetadata(tx, { type: "user", guid: message.guid }, message.metadata);
    });
    return await reply
      .status(201)
      .send(await present(dependencies, await visible(dependencies, request.auth, message.guid)));
  });

  app.get<{ Params: { guid: string } }>("/v3/users/:guid", async (request) =>
    present(dependencies, await visible(dependencies, request.auth, request.params.guid)),
  );

  app.patch<{ Params: { guid: string } }>("/v3/users/:guid", async (request) => {
    const message = parseMessage(updateUserMessage, request.body);
    const user = await visible(dependencies, request.auth, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
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
      userGuid: request.auth.userGuid,
    });
    return await acceptJob(reply, links, job);
  });
}

/** Global readers see all users, others themselves and those of their organizations. */
function visibleUsers({ db, permissions }: UserRoutes, auth: AuthContext) {
  const query = db.selectFrom("users").selectAll("users");
  const organizations = permissions.organizations(auth, "organization.read");
  if (organizations === undefined) return query;
  return query.where((eb) =>
    eb.or([
      eb("users.guid", "=", auth.userGuid),
      eb(
        "users.guid",
        "in",
        eb
          .selectFrom("roles")
          .select("roles.userGuid")
          .where("roles.organizationGuid", "in", organizations),
      ),
    ]),
  );
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
