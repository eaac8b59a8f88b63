import { sql, type Selectable } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { isUniqueViolation, newRecord, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseListQuery } from "../http/list-query.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import {
  deleteMetadata,
  loadMetadata,
  metadataSchema,
  noMetadata,
  updateMetadata,
  type Metadata,
} from "../metadata/metadata.ts";
import type { StackTable } from "./stack-table.ts";

interface StackRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
}

const states = ["ACTIVE", "RESTRICTED", "DEPRECATED", "DISABLED"] as const;
const stateError = `State must be one of ${states.join(", ")}`;

const createStackMessage = z.object({
  name: z.string().min(1, { error: "can't be blank" }).max(250),
  description: z.string().max(250).nullable().optional(),
  state: z.enum(states, { error: stateError }).optional(),
  state_reason: z.string().max(5000).nullable().optional(),
  metadata: metadataSchema.optional(),
});
const updateStackMessage = z.strictObject({
  state: z.enum(states, { error: stateError }).optional(),
  state_reason: z.string().max(5000).nullable().optional(),
  metadata: metadataSchema.optional(),
});

/** The stacks that the platform knows by name; their file trees are the cells' matter. */
export function registerStacks(app: ApiServer, dependencies: StackRoutes): void {
  const { db, links } = dependencies;

  app.get("/v3/stacks", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names"],
      orderBy: { name: "name" },
      labels: true,
      extra: ["default"],
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
    const message = parseMessage(createStackMessage, request.body);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const stack = await db.transaction().execute(async (tx) => {
      const created = await tx
        .insertInto("stacks")
        .values({
          ...newRecord(clock),
          name: message.name,
          description: message.description ?? null,
          state: message.state ?? "ACTIVE",
          stateReason: message.state_reason ?? null,
          isDefault: 0,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
        .catch((error: unknown) => {
          throw isUniqueViolation(error) ? unprocessable("Name must be unique") : error;
        });
      await updateMetadata(tx, { type: "stack", guid: created.guid }, message.metadata);
      return created;
    });
    return await reply.status(201).send(await present(dependencies, stack));
  });

  app.patch<{ Params: { guid: string } }>("/v3/stacks/:guid", async (request) => {
    const message = parseMessage(updateStackMessage, request.body);
    const { guid } = await findStack(db, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    await db.transaction().execute(async (tx) => {
      await tx
        .updateTable("stacks")
        .set({
          ...touched(clock),
          ...(message.state === undefined ? {} : { state: message.state }),
          ...(message.state_reason === undefined ? {} : { stateReason: message.state_reason }),
        })
        .where("guid", "=", guid)
        .execute();
      await updateMetadata(tx, { type: "stack", guid }, message.metadata);
    });
    return await present(dependencies, await findStack(db, guid));
  });

  app.delete<{ Params: { guid: string } }>("/v3/stacks/:guid", async (request, reply) => {
    const stack = await findStack(db, request.params.guid);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    await db.transaction().execute(async (tx) => {
      const used = await tx
        .selectFrom("apps")
        .select("guid")
        .where("stack", "=", stack.name)
        .executeTakeFirst();
      if (used !== undefined) {
        throw unprocessable(
          `Cannot delete stack '${stack.name}' because apps are currently using the stack.`,
        );
      }
      await tx.deleteFrom("stacks").where("guid", "=", stack.guid).execute();
      await deleteMetadata(tx, "stack", [stack.guid]);
    });
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

function presentStack(
  stack: Selectable<StackTable>,
  { links, metadata }: { readonly links: Links; readonly metadata: Metadata },
) {
  return {
    guid: stack.guid,
    created_at: presentTimestamp(stack.createdAt),
    updated_at: presentTimestamp(stack.updatedAt),
    name: stack.name,
    description: stack.description,
    state: stack.state,
    state_reason: stack.stateReason,
    run_rootfs_image: stack.name,
    build_rootfs_image: stack.name,
    default: stack.isDefault === 1,
    metadata,
    links: { self: links.to(`/v3/stacks/${stack.guid}`) },
  };
}
