import { rm } from "node:fs/promises";
import { sql } from "kysely";
import { z } from "zod";
import path from "node:path";
import type { Blobstore } from "#blobstore/blobstore.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound, unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import type { Links } from "../http/links.ts";
import { parseListQuery } from "../http/list-query.ts";
import { fetchPage, isOneOf, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { actorOf, type AuthContext } from "../http/auth-context.ts";
import type { JobHandler, Jobs } from "../jobs/jobs.ts";
import { acceptJob } from "../jobs/routes.ts";
import { deleteMetadata, loadMetadata } from "../metadata/metadata.ts";
import { receiveUpload } from "../packages/receive-upload.ts";
import type { UploadWorkspaces } from "../packages/upload-workspaces.ts";
import { registerUploads } from "../packages/upload-scope.ts";
import { requireArchive, storeBuildpackBits } from "./buildpack-bits.ts";
import { createBuildpack, recordBuildpackEvent, updateBuildpack } from "./buildpack-create.ts";
import { closeGaps } from "./buildpack-positions.ts";
import { presentBuildpack } from "./buildpack-presenter.ts";
import type { Buildpack } from "./buildpack-table.ts";
import { buildpackCreateMessage, buildpackUpdateMessage } from "./messages.ts";
import { oldBitsJob, removeBitsLater } from "./old-bits.ts";

export interface BuildpackRoutes {
  readonly db: Database;
  readonly clock: Clock;
  readonly links: Links;
  readonly jobs: Jobs;
  readonly blobstore: Blobstore;
  readonly workspaces: UploadWorkspaces;
  readonly maximumUploadBytes: number;
  readonly stagingTimeoutMs: number;
}

type ByGuid = { Params: { guid: string } };

export function registerBuildpacks(app: ApiServer, context: BuildpackRoutes): void {
  registerReads(app, context);
  registerWrites(app, context);
  registerUpload(app, context);
  for (const handler of buildpackJobs(context)) context.jobs.handle(handler);
}

function registerReads(app: ApiServer, context: BuildpackRoutes): void {
  const { db, links } = context;
  app.get("/v3/buildpacks", async (request) => {
    const list = parseListQuery(request.query, {
      filters: ["names", "stacks"],
      orderBy: { position: "position", lifecycle: "lifecycle" },
      labels: true,
      extra: ["lifecycle"],
      check: ({ lifecycle }) =>
        lifecycle === undefined || lifecycle === "buildpack" || lifecycle === "cnb"
          ? undefined
          : 'Lifecycle must be either "buildpack" or "cnb"',
    });
    let query = db.selectFrom("buildpacks").selectAll("buildpacks");
    const { names, stacks } = list.filters;
    const { lifecycle } = list.raw;
    if (names !== undefined) query = query.where(isOneOf(sql.ref("buildpacks.name"), names));
    if (stacks !== undefined) {
      // An empty value asks for buildpacks of no stack.
      query = query.where(isOneOf(sql`ifnull(buildpacks.stack, '')`, stacks));
    }
    if (lifecycle === "buildpack" || lifecycle === "cnb") {
      query = query.where("buildpacks.lifecycle", "=", lifecycle);
    }
    if (list.order === undefined || list.order.key === "lifecycle") {
      const direction = list.order?.descending === true ? "desc" : "asc";
      query = query.orderBy("lifecycle", direction).orderBy("position", direction);
    }
    const { rows, total } = await fetchPage(query, list, "buildpacks", "buildpack");
    const metadata = await loadMetadata(
      db,
      "buildpack",
      rows.map(({ guid }) => guid),
    );
    return presentPage({
      links,
      path: "/v3/buildpacks",
      list,
      total,
      resources: rows.map((row) => presentBuildpack(row, links, metadata.get(row.guid))),
    });
  });
  app.get<ByGuid>("/v3/buildpacks/:guid", async (request) =>
    present(context, await findBuildpack(db, request.params.guid)),
  );
}

function registerWrites(app: ApiServer, context: BuildpackRoutes): void {
  const { db, clock, links, jobs } = context;
  app.post("/v3/buildpacks", async (request, reply) => {
    requireAdmin(request.auth);
    const message = parseMessage(buildpackCreateMessage, request.body);
    const created = await createBuildpack({ db, clock, auth: request.auth }, message);
    return await reply
      .status(201)
      .send(await present(context, await findBuildpack(db, created.guid)));
  });
  app.patch<ByGuid>("/v3/buildpacks/:guid", async (request) => {
    const buildpack = await findBuildpack(db, request.params.guid);
    requireAdmin(request.auth);
    const message = parseMessage(buildpackUpdateMessage, request.body);
    await updateBuildpack({ db, clock, auth: request.auth }, buildpack, message);
    return await present(context, await findBuildpack(db, buildpack.guid));
  });
  app.delete<ByGuid>("/v3/buildpacks/:guid", async (request, reply) => {
    const buildpack = await findBuildpack(db, request.params.guid);
    requireAdmin(request.auth);
    const job = await jobs.enqueue({
      operation: "buildpack.delete",
      payload: {},
      resource: { guid: buildpack.guid, type: "buildpack" },
      actor: actorOf(request.auth),
    });
    return await acceptJob(reply, links, job);
  });
}

function registerUpload(app: ApiServer, context: BuildpackRoutes): void {
  const { db, clock, links, jobs, workspaces } = context;
  registerUploads(app, (scope) => {
    scope.post<ByGuid>("/v3/buildpacks/:guid/upload", async (request, reply) => {
      const buildpack = await findBuildpack(db, request.params.guid);
      requireAdmin(request.auth);
      const directory = await workspaces.create();
      try {
        const received = await receiveUpload(request, {
          directory,
          space: workspaces.space,
          maximumBytes: context.maximumUploadBytes,
          fields: ["bits"],
        });
        const bits = await requireArchive(received.bits, buildpack.lifecycle);
        if (buildpack.locked === 1) throw unprocessable("Buildpack is locked");
        const { auth } = request;
        const event = {
          type: "audit.buildpack.upload",
          buildpack,
          request: { bits_name: bits.filename },
        };
        await recordBuildpackEvent(db, { clock, auth }, event);
        const job = await jobs.enqueue({
          operation: "buildpack.upload",
          payload: bits,
          resource: { guid: buildpack.guid, type: "buildpack" },
          actor: actorOf(auth),
        });
        return await reply
          .status(202)
          .header("Location", links.href(`/v3/jobs/${job.guid}`))
          .send(await present(context, buildpack));
      } catch (error) {
        await rm(directory, { recursive: true, force: true });
        throw error;
      }
    });
  });
}

const uploadPayload = z.object({ path: z.string(), filename: z.string() });

function buildpackJobs(context: BuildpackRoutes): readonly JobHandler[] {
  const { db, clock } = context;
  return [
    oldBitsJob(context),
    {
      operation: "buildpack.upload",
      async run(job) {
        const bits = uploadPayload.parse(job.payload);
        try {
          const buildpack = await findBuildpack(db, job.resourceGuid ?? "");
          await storeBuildpackBits(context, buildpack, { ...bits, isShipped: false });
        } finally {
          await rm(path.dirname(bits.path), { recursive: true, force: true });
        }
      },
    },
    {
      operation: "buildpack.delete",
      async run(job) {
        const guid = job.resourceGuid ?? "";
        const buildpack = await db
          .selectFrom("buildpacks")
          .selectAll()
          .where("guid", "=", guid)
          .executeTakeFirst();
        if (buildpack === undefined) return;
        await db.transaction().execute(async (tx) => {
          await removeBitsLater(context, tx, { buildpack, afterMs: context.stagingTimeoutMs });
          await deleteMetadata(tx, "buildpack", [guid]);
          const { numDeletedRows } = await tx
            .deleteFrom("buildpacks")
            .where("guid", "=", guid)
            .executeTakeFirstOrThrow();
          if (numDeletedRows === 0n) return;
          await closeGaps(tx, buildpack.lifecycle);
          const target = { guid, type: "buildpack", name: buildpack.name };
          await recordAuditEvent(tx, clock, {
            type: "audit.buildpack.delete",
            actor: job.actor,
            target,
          });
        });
      },
    },
  ];
}

async function findBuildpack(db: Database, guid: string): Promise<Buildpack> {
  const found = await db
    .selectFrom("buildpacks")
    .selectAll()
    .where("guid", "=", guid)
    .executeTakeFirst();
  if (found === undefined) throw notFound("Buildpack");
  return found;
}

function requireAdmin(auth: AuthContext): void {
  if (!auth.isAdmin) throw new CfError("NotAuthorized");
}

async function present({ db, links }: BuildpackRoutes, buildpack: Buildpack) {
  const metadata = await loadMetadata(db, "buildpack", [buildpack.guid]);
  return presentBuildpack(buildpack, links, metadata.get(buildpack.guid));
}
