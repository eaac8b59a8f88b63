import type { FastifyReply } from "fastify";
import type { Database, Schema } from "../database/schema.ts";
import type { ApiServer } from "../http/create-server.ts";
import { notFound } from "../http/cf-errors.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import type { LongPoll } from "../http/long-poll.ts";
import { jobKey, type Job } from "./job.ts";
import { type Jobs } from "./jobs.ts";

export function registerJobs(
  app: ApiServer,
  {
    db,
    jobs,
    links,
    longPoll,
  }: {
    readonly db: Database;
    readonly jobs: Jobs;
    readonly links: Links;
    readonly longPoll: LongPoll;
  },
): void {
  app.get<{ Params: { guid: string } }>("/v3/jobs/:guid", async (request, reply) => {
    const job = await longPoll.hold(request, reply, {
      key: jobKey(request.params.guid),
      read: () => jobs.find(request.params.guid),
      isPending: (found) => found?.state === "PROCESSING",
    });
    if (job === undefined) throw notFound("Job");
    const resource = await resourcePath(db, job);
    return presentJob(job, links, resource);
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

/** Whose jobs there are, with the table that has them. */
const tables: Readonly<Record<string, keyof Schema>> = {
  app: "apps",
  buildpack: "buildpacks",
  domain: "domains",
  droplet: "droplets",
  organization: "organizations",
  organization_quota: "organizationQuotas",
  package: "packages",
  role: "roles",
  route: "routes",
  security_group: "securityGroups",
  space: "spaces",
  space_quota: "spaceQuotas",
  user: "users",
};

/** A job names its resource for as long as that is there: after a deletion that has failed, too. */
async function resourcePath(
  db: Database,
  { resourceGuid, resourceType }: Job,
): Promise<string | undefined> {
  const table = resourceType === null ? undefined : tables[resourceType];
  if (table === undefined || resourceGuid === null) return undefined;
  const found = await db
    .selectFrom(table)
    .select("guid")
    .where("guid", "=", resourceGuid)
    .executeTakeFirst();
  return found && `/v3/${resourceType}s/${resourceGuid}`;
}

function presentJob(job: Job, links: Links, resource: string | undefined) {
  const { resourceType } = job;
  return {
    guid: job.guid,
    created_at: presentTimestamp(job.createdAt),
    updated_at: presentTimestamp(job.updatedAt),
    operation: job.operation,
    state: job.state,
    errors: job.errors,
    warnings: job.warnings.map((detail) => ({ detail })),
    links: {
      self: links.to(`/v3/jobs/${job.guid}`),
      ...(resource === undefined || resourceType === null
        ? {}
        : { [resourceType]: links.to(resource) }),
    },
  };
}
