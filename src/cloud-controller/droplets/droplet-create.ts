import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import type { Droplet } from "./droplet-table.ts";

interface DropletCreation {
  readonly db: Database;
  readonly clock: Clock;
}

interface DropletRequest {
  readonly app: App;
  readonly auth: AuthContext;
}

/** A droplet without bits, for an upload to come. */
export async function createDroplet(
  creation: DropletCreation,
  request: DropletRequest & { readonly processTypes: Readonly<Record<string, string>> },
): Promise<{ readonly guid: string }> {
  const { app } = request;
  if (app.lifecycle.type !== "buildpack") {
    throw unprocessable("Droplet creation is not available for apps with docker lifecycles.");
  }
  return await insertDroplet(creation, request, {
    state: "AWAITING_UPLOAD",
    lifecycleType: "buildpack",
    stack: app.lifecycle.stack,
    buildpacks: [],
    processTypes: request.processTypes,
    sidecars: [],
    executionMetadata: "",
    image: null,
    copiedFrom: null,
    toolchains: null,
  });
}

/** @throws 422 where the source is not STAGED or of another lifecycle */
export async function createDropletCopy(
  creation: DropletCreation,
  request: DropletRequest & { readonly source: Droplet },
): Promise<{ readonly guid: string }> {
  const { source, app } = request;
  if (source.state !== "STAGED") throw unprocessable("source droplet is not staged");
  if (source.lifecycleType !== app.lifecycle.type) {
    throw unprocessable("source and destination lifecycle types do not match");
  }
  return await insertDroplet(creation, request, {
    ...source,
    state: "COPYING",
    copiedFrom: source.guid,
  });
}

async function insertDroplet(
  { db, clock }: DropletCreation,
  { app, auth }: DropletRequest,
  columns: Pick<
    Droplet,
    | "state"
    | "lifecycleType"
    | "stack"
    | "buildpacks"
    | "processTypes"
    | "sidecars"
    | "executionMetadata"
    | "image"
    | "copiedFrom"
    | "toolchains"
  >,
): Promise<{ readonly guid: string }> {
  const record = newRecord(clock);
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("droplets")
      .values({
        ...record,
        appGuid: app.guid,
        packageGuid: null,
        buildGuid: null,
        state: columns.state,
        sha1: null,
        sha256: null,
        lifecycleType: columns.lifecycleType,
        stack: columns.stack,
        buildpacks: JSON.stringify(columns.buildpacks),
        processTypes: JSON.stringify(columns.processTypes),
        sidecars: JSON.stringify(columns.sidecars),
        executionMetadata: columns.executionMetadata,
        image: columns.image,
        errorId: null,
        errorDescription: null,
        copiedFrom: columns.copiedFrom,
        toolchains: columns.toolchains,
      })
      .execute();
    await recordAuditEvent(tx, clock, {
      type: "audit.app.droplet.create",
      actor: actorOf(auth),
      target: { guid: app.guid, type: "app", name: app.name },
      spaceGuid: app.spaceGuid,
      data: {
        droplet_guid: record.guid,
        ...(columns.copiedFrom === null
          ? {}
          : { request: { source_droplet_guid: columns.copiedFrom } }),
      },
    });
  });
  return { guid: record.guid };
}
