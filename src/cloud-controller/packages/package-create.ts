import type { Clock } from "#kernel/clock/clock.ts";
import type { App } from "../apps/app-table.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { newRecord } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { updateMetadata, type MetadataPatch } from "../metadata/metadata.ts";
import type { PackageCreateMessage } from "./messages.ts";
import type { PackageLeases } from "./package-leases.ts";
import type { Package } from "./package-table.ts";

interface PackageCreation {
  readonly db: Database;
  readonly clock: Clock;
}

/** @throws 422 where the type does not go with the app's lifecycle */
export async function createPackage(
  creation: PackageCreation,
  request: {
    readonly message: PackageCreateMessage;
    readonly app: App;
    readonly auth: AuthContext;
  },
): Promise<Package> {
  const { message, app } = request;
  const isDockerApp = app.lifecycle.type === "docker";
  if (message.type === "docker" && app.lifecycle.type === "buildpack") {
    throw unprocessable("Cannot create Docker package for a buildpack app.");
  }
  if (message.type === "bits" && isDockerApp) {
    throw unprocessable("Cannot create bits package for a Docker app.");
  }
  const docker = message.type === "docker" ? message.data : undefined;
  return await insertPackage(creation, {
    ...request,
    metadata: message.metadata,
    asked: {
      ...message,
      ...(docker === undefined ? {} : { data: { ...docker, password: "***" } }),
    },
    columns: {
      type: message.type,
      state: docker === undefined ? "AWAITING_UPLOAD" : "READY",
      image: docker?.image ?? null,
      username: docker?.username ?? null,
      password: docker?.password ?? null,
      copiedFrom: null,
    },
  });
}

/** The row of a copy; its bits follow (`PackageCopies`). */
export async function createPackageCopy(
  creation: PackageCreation & { readonly leases: PackageLeases },
  request: {
    readonly source: Package;
    readonly app: App;
    readonly auth: AuthContext;
  },
): Promise<Package> {
  const { source } = request;
  return await insertPackage(creation, {
    ...request,
    asked: { source_package_guid: source.guid },
    columns: {
      type: source.type,
      state: source.type === "bits" ? "COPYING" : "READY",
      image: source.image,
      username: source.username,
      password: source.password,
      copiedFrom: source.guid,
      ...(source.type === "bits" ? creation.leases.columns() : {}),
    },
  });
}

async function insertPackage(
  { db, clock }: PackageCreation,
  request: {
    readonly columns: Pick<
      Package,
      "type" | "state" | "image" | "username" | "password" | "copiedFrom"
    > &
      Partial<Pick<Package, "processedBy" | "processedAt">>;
    readonly app: App;
    readonly auth: AuthContext;
    readonly metadata?: MetadataPatch | undefined;
    /** For the event, without secrets. */
    readonly asked: Readonly<Record<string, unknown>>;
  },
): Promise<Package> {
  const { app, auth } = request;
  return await db.transaction().execute(async (tx) => {
    const created = await tx
      .insertInto("packages")
      .values({
        ...newRecord(clock),
        ...request.columns,
        appGuid: app.guid,
        sha256: null,
        error: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await updateMetadata(tx, { type: "package", guid: created.guid }, request.metadata);
    await recordAuditEvent(tx, clock, {
      type: "audit.app.package.create",
      actor: actorOf(auth),
      target: { guid: app.guid, type: "app", name: app.name },
      spaceGuid: app.spaceGuid,
      data: { package_guid: created.guid, request: request.asked },
    });
    return created;
  });
}
