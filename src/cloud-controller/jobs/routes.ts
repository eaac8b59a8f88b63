import type { FastifyReply } from "fastify";
import type { ApiServer } from "../http/create-server.ts";
import { notFound } from "../http/cf-errors.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { jobKey, type Job } from "./job.ts";
import { type Jobs } from "./jobs.ts";

export function registerJobs(
  app: ApiServer,
  {
    jobs,
    links,
    longPoll,
  }: { readonly jobs: Jobs; readonly links: Links; readonly longPoll: LongPoll },
): void {
  app.get<{ Params: { guid: string } }>("/v3/jobs/:guid", async (request, reply) => {
    const job = await longPoll.hold(request, reply, {
      key: jobKey(request.params.guid),
      read: () => jobs.find(request.params.guid),
      isPending: (found) => found?.state === "PROCESSING",
    });
    if (job === undefined) throw notFound("Job");
    return presentJob(job, links);
  });
}

/** The answer of a long operation: 202, empty, with where to look. */
export async function acceptJob(
  reply: FastifyReply,
  links: Links,
  job: Job,
): Promise<FastifyReply> {
  return await reply
    .status(202)
    .header("Location", links.href(`/v3/jobs/${job.guid}`))
    .send();
}

function presentJob(job: Job, links: Links) {
  const { resourceGuid, resourceType } = job;
  const resource =
    resourceGuid === null || resourceType === null || job.operation.endsWith(".delete")
      ? {}
      : { [`${resourceType}s`]: links.to(`/v3/${resourceType}s/${resourceGuid}`) };
  return {
    guid: job.guid,
    created_at: presentTimestamp(job.createdAt),
    updated_at: presentTimestamp(job.updatedAt),
    operation: job.operation,
    state: job.state,
    errors: job.errors,
    warnings: job.warnings.map((detail) => ({ detail })),
    links: { self: links.to(`/v3/jobs/${job.guid}`), ...resource },
  };
}
