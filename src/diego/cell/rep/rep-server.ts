import type { Readable } from "node:stream";
import Fastify, { type FastifyInstance } from "fastify";
import { z } from "zod";
import { carriesSecret, type InternalSecret } from "#kernel/http/internal-auth.ts";
import { followRequests, givenRequestId, logServed } from "#kernel/http/request-id.ts";
import type { Logger } from "#kernel/log/logger.ts";
import type { Loop } from "#kernel/loop/loop.ts";
import { keptTasksToJson, type KeptTask } from "./kept-tasks.ts";
import type { CellState, Work } from "./cell-state.ts";
import { cellStateToJson, workFromJson, workToJson } from "./cell-state-json.ts";

export interface RepServerParts {
  readonly secret: InternalSecret;
  readonly logger: Logger;
  state(): CellState;
  /** Gives back what the cell does not take. */
  take(work: Work): Work;
  stopLrpInstance(processGuid: string, instanceGuid: string): void;
  updateLrpInstance(instanceGuid: string, metricTags: Readonly<Record<string, string>>): void;
  cancelTask(taskGuid: string): void;
  keptTasks(): readonly KeptTask[];
  releaseKept(taskGuid: string): void;
  readSnapshot(taskGuid: string, script: string): Readable | undefined;
  loops(): readonly Loop[];
}

const instanceParams = z.object({ processGuid: z.string(), instanceGuid: z.string() });
const instanceUpdate = z.object({ metric_tags: z.record(z.string(), z.string()) });
const taskParams = z.object({ taskGuid: z.string() });
const snapshotParams = taskParams.extend({ script: z.string() });

/** The rep's HTTP API, with the original's paths and JSON. Stops and cancellations are accepted (202), not awaited. */
export function repServer(parts: RepServerParts): FastifyInstance {
  const server = Fastify({ bodyLimit: 32 * 1024 * 1024, forceCloseConnections: true });
  followRequests(server, givenRequestId);
  logServed(server, parts.logger);
  server.addHook("onRequest", async (request, reply) => {
    if (!carriesSecret(request.headers, parts.secret)) await reply.code(401).send();
  });
  server.setErrorHandler(async (error, _request, reply) => {
    if (error instanceof z.ZodError) return reply.code(400).send();
    throw error;
  });
  server.get("/ping", async () => "");
  server.get("/state", async () => cellStateToJson(parts.state()));
  server.post("/work", async (request) => workToJson(parts.take(workFromJson(request.body))));
  server.post("/v1/lrps/:processGuid/instances/:instanceGuid/stop", async (request, reply) => {
    const { processGuid, instanceGuid } = instanceParams.parse(request.params);
    parts.stopLrpInstance(processGuid, instanceGuid);
    return reply.code(202).send();
  });
  server.put("/v1/lrps/:processGuid/instances/:instanceGuid", async (request, reply) => {
    const { instanceGuid } = instanceParams.parse(request.params);
    parts.updateLrpInstance(instanceGuid, instanceUpdate.parse(request.body).metric_tags);
    return reply.code(202).send();
  });
  server.post("/v1/tasks/:taskGuid/cancel", async (request, reply) => {
    parts.cancelTask(taskParams.parse(request.params).taskGuid);
    return reply.code(202).send();
  });
  server.get("/v1/kept_tasks", async () => keptTasksToJson(parts.keptTasks()));
  server.get("/v1/kept_tasks/:taskGuid/snapshots/:script", async (request, reply) => {
    const { taskGuid, script } = snapshotParams.parse(request.params);
    const tar = parts.readSnapshot(taskGuid, script);
    if (tar === undefined) return await reply.code(404).send();
    return await reply.type("application/x-tar").send(tar);
  });
  server.delete("/v1/kept_tasks/:taskGuid", async (request, reply) => {
    parts.releaseKept(taskParams.parse(request.params).taskGuid);
    return reply.code(202).send();
  });
  server.get("/loops", async () => parts.loops().map((loop) => loop.status()));
  server.get("/healthz", async () => ({ healthy: true }));
  return server;
}
