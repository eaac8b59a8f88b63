import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import type { Route } from "./find-route.ts";
import { mergeOptions } from "./route-options.ts";

/** @throws 422 where the options that the route would have do not go together */
export async function updateRoute(
  db: Executor,
  { clock, actor }: { readonly clock: Clock; readonly actor: Actor },
  {
    route,
    message,
  }: {
    readonly route: Route;
    readonly message: {
      readonly options?: Readonly<Record<string, unknown>> | undefined;
      readonly metadata?: MetadataPatch | undefined;
    };
  },
): Promise<Route> {
  const merged = mergeOptions(route.options, message.options ?? {});
  if (!merged.ok) throw unprocessable(merged.fault);
  const { options } = merged;
  const changes = { ...touched(clock), options: JSON.stringify(options) };
  await db.updateTable("routes").set(changes).where("guid", "=", route.guid).execute();
  await updateMetadata(db, { type: "route", guid: route.guid }, message.metadata);
  await recordAuditEvent(db, clock, {
    type: "audit.route.update",
    actor,
    target: { guid: route.guid, type: "route", name: route.host },
    spaceGuid: route.spaceGuid,
    data: { request: message },
  });
  return { ...route, ...changes, options };
}
