import { sql, type Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import type { Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { withWarnings } from "../http/warnings.ts";
import { loadMetadata, noMetadata } from "../metadata/metadata.ts";
import { createStack, deleteStack, updateStack } from "./change-stack.ts";
import { createStackMessage, updateStackMessage } from "./messages.ts";
import { presentStack } from "./stack-presenter.ts";
import type { StackTable } from "./stack-table.ts";

interface StackRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
}

/** The stacks that the platform knows by name; their file trees are the cells' matter. */
export function registerStacks(app: ApiServer, dependencies: StackRoutes): void {
  const { db, links } = dependencies;

  app.get("/v3/stacks", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names"],
      orderBy: { name: "name" },
      labels: true,
      extra: ["default"],
      check: ({ default: wanted }) =>
        wanted === undefined || wanted === "true" || wanted === "false"
          ? undefined
          : "Default must be 'true' or 'false'",
    });
    let query = db.selectFrom("stacks").selectAll("stacks");
    const { names } = list.filters;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("stacks.name"), names));
    const isDefault = list.raw["default"];
    if (isDefault !== undefined)
      query = query.where("isDefault", "=", isDefault === "true" ? 1 : 0);
    const page = await fetchPage(query, list, "stacks", "stack");
    const metadata = await loadMetadata(
      db,
      "stack",
      page.rows.map((row) => row.guid),
    );
    return presentPage({
      links,
      path: "/v3/stacks",
      list,
      total: page.total,
      resources: page.rows.map((row) =>
        presentStack(row, { links, metadata: metadata.get(row.guid) ?? noMetadata }),
      ),
    });
  });

  app.get<{ Params: { guid: string } }>("/v3/stacks/:guid", async (request) =>
    present(dependencies, await findStack(db, request.params.guid)),
  );

  registerStackChanges(app, dependencies);
}

function registerStackChanges(app: ApiServer, dependencies: StackRoutes): void {
  const { db, clock } = dependencies;

  app.post("/v3/stacks", async (request, reply) => {
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const message = parseMessage(createStackMessage, request.body);
    const stack = await createStack({ db, clock, auth: request.auth }, message);
    return await reply.status(201).send(await present(dependencies, stack));
  });

  app.patch<{ Params: { guid: string } }>("/v3/stacks/:guid", async (request, reply) => {
    const stack = await findStack(db, request.params.guid);
    const { guid } = stack;
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const message = parseMessage(updateStackMessage, request.body);
    await updateStack({ db, clock, auth: request.auth }, stack, message);
    if (stack.isDefault === 1 && message.state !== undefined) {
      withWarnings(reply, [
        `Changing state on the default stack '${stack.name}' may affect new application deployments.`,
      ]);
    }
    return await present(dependencies, await findStack(db, guid));
  });

  app.delete<{ Params: { guid: string } }>("/v3/stacks/:guid", async (request, reply) => {
    const stack = await findStack(db, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    await deleteStack({ db, clock, auth: request.auth }, stack);
    return await reply.status(204).send();
  });
}

async function findStack(db: Database, guid: string): Promise<Selectable<StackTable>> {
  const stack = await db
    .selectFrom("stacks")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (stack === undefined) throw notFound("Stack");
  return stack;
}

async function present({ db, links }: StackRoutes, stack: Selectable<StackTable>) {
  const metadata = await loadMetadata(db, "stack", [stack.guid]);
  return presentStack(stack, { links, metadata: metadata.get(stack.guid) ?? noMetadata });
}
