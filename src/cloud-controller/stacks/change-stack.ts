import type { Selectable } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { deleteMetadata, updateMetadata } from "../metadata/metadata.ts";
import type { CreateStack, UpdateStack } from "./messages.ts";
import type { StackTable } from "./stack-table.ts";

type Stack = Selectable<StackTable>;

interface StackChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly auth: AuthContext;
}

/** @throws 422 where the name is taken */
export async function createStack(change: StackChange, message: CreateStack): Promise<Stack> {
  return await change.db.transaction().execute(async (tx) => {
    const created = await tx
      .insertInto("stacks")
      .values({
        ...newRecord(change.clock),
        name: message.name,
        description: message.description ?? null,
        state: message.state ?? "ACTIVE",
        stateReason: message.state_reason ?? null,
        isDefault: 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => unprocessable("Name must be unique")));
    await updateMetadata(tx, { type: "stack", guid: created.guid }, message.metadata);
    await recordStackEvent(tx, change, {
      type: "audit.stack.create",
      stack: created,
      data: { request: message },
    });
    return created;
  });
}

export async function updateStack(
  change: StackChange,
  stack: Stack,
  message: UpdateStack,
): Promise<void> {
  await change.db.transaction().execute(async (tx) => {
    await tx
      .updateTable("stacks")
      .set({
        ...touched(change.clock),
        ...(message.state === undefined ? {} : { state: message.state }),
        ...(message.state_reason === undefined ? {} : { stateReason: message.state_reason }),
      })
      .where("guid", "=", stack.guid)
      .execute();
    await updateMetadata(tx, { type: "stack", guid: stack.guid }, message.metadata);
    await recordStackEvent(tx, change, {
      type: "audit.stack.update",
      stack,
      data: { request: message },
    });
  });
}

/** @throws 422 while an app uses it */
export async function deleteStack(change: StackChange, stack: Stack): Promise<void> {
  await change.db.transaction().execute(async (tx) => {
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
    await recordStackEvent(tx, change, { type: "audit.stack.delete", stack });
    await tx.deleteFrom("stacks").where("guid", "=", stack.guid).execute();
    await deleteMetadata(tx, "stack", [stack.guid]);
  });
}

async function recordStackEvent(
  db: Executor,
  { clock, auth }: Pick<StackChange, "clock" | "auth">,
  event: {
    readonly type: string;
    readonly stack: Pick<Stack, "guid" | "name">;
    readonly data?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { type, stack, data } = event;
  await recordAuditEvent(db, clock, {
    type,
    actor: actorOf(auth),
    target: { guid: stack.guid, type: "stack", name: stack.name },
    ...(data === undefined ? {} : { data }),
  });
}
