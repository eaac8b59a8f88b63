import type { Clock } from "#kernel/clock/clock.ts";
import {
  recordAuditEvent,
  triggerOf,
  type ManifestTrigger,
} from "../audit-events/record-audit-event.ts";
import { withoutCredentials } from "../buildpacks/buildpack-uri.ts";
import type { CloudControllerLimits } from "../config.ts";
import { named } from "../database/name-key.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Actor } from "../http/auth-context.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { appNameTaken } from "./app-create.ts";
import { requireAppName } from "./app-name.ts";
import type { App } from "./app-table.ts";
import { resolveLifecycle } from "./check-lifecycle.ts";
import type { UpdateApp } from "./messages.ts";

export async function updateApp(
  db: Executor,
  context: ManifestTrigger & {
    readonly clock: Clock;
    readonly limits: CloudControllerLimits;
    readonly actor: Actor;
  },
  { app, message }: { readonly app: App; readonly message: UpdateApp },
): Promise<void> {
  const { clock, limits, actor } = context;
  const name = message.name === undefined ? undefined : requireAppName(message.name);
  const lifecycle =
    message.lifecycle === undefined
      ? app.lifecycle
      : await resolveLifecycle(db, limits, message.lifecycle, app);
  await db
    .updateTable("apps")
    .set({
      ...touched(clock),
      ...(name === undefined ? {} : named(name)),
      stack: lifecycle.stack,
      buildpacks: JSON.stringify(lifecycle.buildpacks),
    })
    .where("guid", "=", app.guid)
    .execute()
    .catch(whereTaken(() => appNameTaken(name ?? app.name)));
  if (name !== undefined) {
    // Their metric tags have the app's name: by this the sync loop sends them where the request could not.
    await db.updateTable("processes").set(touched(clock)).where("appGuid", "=", app.guid).execute();
  }
  await updateMetadata(db, { type: "app", guid: app.guid }, message.metadata);
  await recordAuditEvent(db, clock, {
    type: "audit.app.update",
    actor,
    target: { guid: app.guid, type: "app", name: name ?? app.name },
    spaceGuid: app.spaceGuid,
    data: { request: withoutSecrets(message), ...triggerOf(context) },
  });
}

/** What an event and the app's log may tell of a change: buildpacks without passwords, no credentials. */
export function withoutSecrets<Message extends Pick<UpdateApp, "lifecycle">>(
  message: Message,
): Message {
  const { lifecycle } = message;
  if (lifecycle === undefined) return message;
  const { credentials: _, buildpacks, ...data } = lifecycle.data;
  return {
    ...message,
    lifecycle: {
      ...lifecycle,
      data: {
        ...data,
        ...(buildpacks === undefined
          ? {}
          : { buildpacks: buildpacks?.map(withoutCredentials) ?? null }),
      },
    },
  };
}
