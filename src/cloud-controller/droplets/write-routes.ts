import { rm, stat } from "node:fs/promises";
import { findApp } from "../apps/find-app.ts";
import type { App } from "../apps/app-table.ts";
import { requireOwnedByApp } from "../apps/require-owned-by-app.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import { actorOf, mayUpdateBuildState, type AuthContext } from "../http/auth-context.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { parseQuery } from "../http/list-query.ts";
import { parseMessage } from "../http/parse-message.ts";
import type { Job } from "../jobs/job.ts";
import { acceptJob } from "../jobs/routes.ts";
import { updateMetadata } from "../metadata/metadata.ts";
import { receiveUpload, type ReceivedUpload } from "../packages/receive-upload.ts";
import { registerUploads } from "../packages/upload-scope.ts";
import {
  presentStoredDroplet,
  requireDroplet,
  requireNamedApp,
  type DropletRoutes,
} from "./droplet-access.ts";
import { createDroplet, createDropletCopy } from "./droplet-create.ts";
import { dropletJobs } from "./droplet-jobs.ts";
import type { Droplet } from "./droplet-table.ts";
import { findDroplet } from "./find-droplet.ts";
import { dropletCopyMessage, dropletCreateMessage, dropletUpdateMessage } from "./messages.ts";

type ByGuid = { Params: { guid: string } };

const uploadedOnce = "Droplet may be uploaded only once. Create a new droplet to upload bits.";

export function registerDropletWrites(app: ApiServer, context: DropletRoutes): void {
  const { db, clock, jobs, links } = context;
  for (const handler of dropletJobs(context)) jobs.handle(handler);
  app.post("/v3/droplets", async (request, reply) => {
    const { source_guid: sourceGuid } = parseQuery(request.query, ["source_guid"]);
    const created =
      sourceGuid === undefined
        ? await create(context, request.auth, request.body)
        : await copy(context, request.auth, { sourceGuid, body: request.body });
    return await reply
      .status(201)
      .send(await presentStoredDroplet(context, request.auth, created.guid));
  });
  app.patch<ByGuid>("/v3/droplets/:guid", async (request) => {
    const { guid } = request.params;
    const { auth, body } = request;
    // As a build's state, the image is a stager's to tell, and only docker has one.
    const asksForImage = typeof body === "object" && body !== null && Object.hasOwn(body, "image");
    const action = asksForImage ? "space.read" : "space.write";
    const { droplet } = await requireDroplet(context, auth, { guid, action });
    if (asksForImage && !mayUpdateBuildState(auth)) throw new CfError("NotAuthorized");
    const message = parseMessage(dropletUpdateMessage, body);
    if (asksForImage) {
      throw unprocessable(
        droplet.state === "STAGED"
          ? "Images can only be updated for docker droplets"
          : "Droplet image can only be updated on staged droplets",
      );
    }
    await updateMetadata(db, { type: "droplet", guid }, message.metadata);
    await db.updateTable("droplets").set(touched(clock)).where("guid", "=", guid).execute();
    return await presentStoredDroplet(context, request.auth, guid);
  });
  app.delete<ByGuid>("/v3/droplets/:guid", async (request, reply) => {
    const { guid } = request.params;
    const { app: owner } = await requireDroplet(context, request.auth, {
      guid,
      action: "space.write",
    });
    if (owner.dropletGuid === guid) {
      throw unprocessable(`The droplet is currently used by app with guid "${owner.guid}".`);
    }
    const job = await jobs.enqueue({
      operation: "droplet.delete",
      payload: {},
      resource: { guid, type: "droplet" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
  registerUploads(app, (scope) => {
    scope.post<ByGuid>("/v3/droplets/:guid/upload", async (request, reply) => {
      const { guid } = request.params;
      const found = await requireDroplet(context, request.auth, { guid, action: "space.write" });
      if (found.droplet.state !== "AWAITING_UPLOAD") throw unprocessable(uploadedOnce);
      const job = await upload(context, request, found);
      return await reply
        .status(202)
        .header("Location", links.href(`/v3/jobs/${job.guid}`))
        .send(await presentStoredDroplet(context, request.auth, guid));
    });
  });
}

async function create(context: DropletRoutes, auth: AuthContext, body: unknown) {
  const message = parseMessage(dropletCreateMessage, body);
  const app = await requireNamedApp(context, auth, message.relationships.app.data.guid);
  return await createDroplet(context, {
    app,
    auth,
    processTypes: message.process_types ?? { web: "" },
  });
}

async function copy(
  context: DropletRoutes,
  auth: AuthContext,
  request: { readonly sourceGuid: string; readonly body: unknown },
) {
  const { db, permissions } = context;
  const message = parseMessage(dropletCopyMessage, request.body);
  const { resource: source } = await requireOwnedByApp(context, auth, {
    name: "Droplet",
    resource: await findDroplet(db, request.sourceGuid),
    action: "space.read",
  });
  const app = await findApp(db, message.relationships.app.data.guid);
  if (app === undefined) throw notFound("App");
  const place = { spaceGuid: app.spaceGuid };
  await permissions.require(auth, "space.write", { name: "App", place });
  const created = await createDropletCopy(context, { source, app, auth });
  await context.jobs.enqueue({
    operation: "droplet.copy",
    payload: { source: source.guid },
    resource: { guid: created.guid, type: "droplet" },
    actor: actorOf(auth),
  });
  return created;
}

async function upload(
  { db, clock, jobs, workspaces, maximumUploadBytes }: DropletRoutes,
  request: Parameters<typeof receiveUpload>[0],
  { droplet, app }: { readonly droplet: Droplet; readonly app: App },
): Promise<Job> {
  const directory = await workspaces.create();
  try {
    const received = await receiveUpload(request, {
      directory,
      space: workspaces.space,
      maximumBytes: maximumUploadBytes,
      fields: ["bits"],
    });
    const bits = await requireTgz(received.bits);
    await db.transaction().execute(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable("droplets")
        .set({ ...touched(clock), state: "PROCESSING_UPLOAD" })
        .where("guid", "=", droplet.guid)
        .where("state", "=", "AWAITING_UPLOAD")
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw unprocessable(uploadedOnce);
      await recordAuditEvent(tx, clock, {
        type: "audit.app.droplet.upload",
        actor: actorOf(request.auth),
        target: { guid: app.guid, type: "app", name: app.name },
        spaceGuid: app.spaceGuid,
        data: { droplet_guid: droplet.guid },
      });
    });
    return await jobs.enqueue({
      operation: "droplet.upload",
      payload: { path: bits.path },
      resource: { guid: droplet.guid, type: "droplet" },
      actor: actorOf(request.auth),
    });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** @throws 422 with all that is wrong with the file */
async function requireTgz(bits: ReceivedUpload["bits"]) {
  const faults: string[] = [];
  if (bits === undefined) faults.push("A droplet tgz file must be uploaded as 'bits'");
  else {
    const { path, filename } = bits;
    if (!/\.(tgz|tar\.gz)$/.test(filename)) faults.push(`${filename} is not a tgz`);
    if ((await stat(path)).size === 0) faults.push(`${filename} cannot be empty`);
    if (faults.length === 0) return bits;
  }
  throw unprocessable(`Uploaded droplet file is invalid: ${faults.join(", ")}`);
}
