import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord, storedBoolean, touched } from "../database/record.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Database, Executor } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { moveBuildpack } from "./buildpack-positions.ts";
import type { Buildpack } from "./buildpack-table.ts";
import type { BuildpackCreateMessage, BuildpackUpdateMessage } from "./messages.ts";

interface BuildpackChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly auth: AuthContext;
}

/** A buildpack without bits; at position 1 where none is given, as Cloud Controller does. */
export async function createBuildpack(
  change: BuildpackChange,
  message: BuildpackCreateMessage,
): Promise<Buildpack> {
  const stack = message.stack ?? null;
  const lifecycle = message.lifecycle ?? "buildpack";
  await requireStack(change.db, stack);
  return await unique({ name: message.name, stack, lifecycle }, () =>
    change.db.transaction().execute(async (tx) => {
      const created = await tx
        .insertInto("buildpacks")
        .values({
          ...newRecord(change.clock),
          name: message.name,
          stack,
          lifecycle,
          position: 0,
          enabled: storedBoolean(message.enabled ?? true),
          locked: storedBoolean(message.locked ?? false),
          filename: null,
          sha256: null,
          shippedSha256: null,
          toolchains: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      await moveBuildpack(tx, created, message.position ?? 1);
      await updateMetadata(tx, { type: "buildpack", guid: created.guid }, message.metadata);
      await recordBuildpackEvent(tx, change, {
        type: "audit.buildpack.create",
        buildpack: created,
        request: message,
      });
      return created;
    }),
  );
}

/** @throws 422 where a stack that was set is to change */
export async function updateBuildpack(
  change: BuildpackChange,
  buildpack: Buildpack,
  message: BuildpackUpdateMessage,
): Promise<void> {
  const stack = message.stack === undefined ? buildpack.stack : message.stack;
  if (stack !== buildpack.stack) {
    if (buildpack.stack !== null) throw unprocessable("Buildpack stack cannot be changed");
    await requireStack(change.db, stack);
  }
  const { lifecycle } = buildpack;
  await unique({ name: message.name ?? buildpack.name, stack, lifecycle }, () =>
    change.db.transaction().execute(async (tx) => {
      const { name, enabled, locked } = message;
      await tx
        .updateTable("buildpacks")
        .set({
          ...touched(change.clock),
          stack,
          ...(name === undefined || name === null ? {} : { name }),
          ...(enabled === undefined ? {} : { enabled: storedBoolean(enabled) }),
          ...(locked === undefined ? {} : { locked: storedBoolean(locked) }),
        })
        .where("guid", "=", buildpack.guid)
        .execute();
      if (message.position !== undefined) await moveBuildpack(tx, buildpack, message.position);
      await updateMetadata(tx, { type: "buildpack", guid: buildpack.guid }, message.metadata);
      await recordBuildpackEvent(tx, change, {
        type: "audit.buildpack.update",
        buildpack,
        request: message,
      });
    }),
  );
}

export async function recordBuildpackEvent(
  db: Executor,
  { clock, auth }: Pick<BuildpackChange, "clock" | "auth">,
  event: {
    readonly type: string;
    readonly buildpack: Pick<Buildpack, "guid" | "name">;
    /** As it was asked for. */
    readonly request: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await recordAuditEvent(db, clock, {
    type: event.type,
    actor: actorOf(auth),
    target: { guid: event.buildpack.guid, type: "buildpack", name: event.buildpack.name },
    data: { request: event.request },
  });
}

async function unique<T>(
  named: Pick<Buildpack, "name" | "stack" | "lifecycle">,
  work: () => Promise<T>,
): Promise<T> {
  return await work().catch(
    whereTaken(() =>
      unprocessable(
        named.stack === null
          ? `Buildpack with name '${named.name}' and an unassigned stack already exists`
          : `Buildpack with name '${named.name}', stack '${named.stack}' and lifecycle '${named.lifecycle}' already exists`,
      ),
    ),
  );
}

async function requireStack(db: Executor, stack: string | null): Promise<void> {
  if (stack === null) return;
  const row = await db
    .selectFrom("stacks")
    .select("name")
    .where("name", "=", stack)
    .executeTakeFirst();
  if (row === undefined) throw unprocessable(`Stack '${stack}' does not exist`);
}
