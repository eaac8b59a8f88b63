import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import type { AppDelete } from "../apps/app-delete.ts";
import { deleteDomains } from "../domains/domain-delete.ts";
import type { Database, Executor } from "../database/schema.ts";
import { actorOf, type Actor, type AuthContext } from "../http/auth-context.ts";
import { CfError } from "../http/cf-errors.ts";
import type { Job } from "../jobs/job.ts";
import type { JobHandler, Jobs } from "../jobs/jobs.ts";
import { deleteMetadata } from "../metadata/metadata.ts";
import { deleteSpace } from "../spaces/space-delete.ts";
import { recordOrganizationEvent } from "./organization-event.ts";
import type { Organization } from "./organization-table.ts";

const payload = z.object({ organizationGuid: z.string() });

/** From here on the organization takes no more changes, unless the job fails. */
export async function requestOrganizationDelete(
  { db, clock, jobs }: { readonly db: Database; readonly clock: Clock; readonly jobs: Jobs },
  organization: Organization,
  auth: AuthContext,
): Promise<Job> {
  const { guid } = organization;
  const job = await db.transaction().execute(async (tx) => {
    await tx.updateTable("organizations").set({ deleting: 1 }).where("guid", "=", guid).execute();
    await recordOrganizationEvent(tx, clock, {
      type: "audit.organization.delete-request",
      organization,
      auth,
      request: { recursive: true },
    });
    return await jobs.insert(tx, {
      operation: "organization.delete",
      payload: { organizationGuid: guid },
      resource: { guid, type: "organization" },
      actor: actorOf(auth),
    });
  });
  jobs.activate();
  return job;
}

/** The job `organization.delete`: all its spaces, then its domains, quotas and roles. Each step may be repeated. */
export function organizationDelete(dependencies: AppDelete): JobHandler {
  const { db } = dependencies;
  return {
    operation: "organization.delete",
    async run(job, signal) {
      const { organizationGuid } = payload.parse(job.payload);
      const organization = await db
        .selectFrom("organizations")
        .selectAll()
        .where("guid", "=", organizationGuid)
        .executeTakeFirst();
      if (organization === undefined) return;
      try {
        await refuseSharedDomains(db, organization);
        await deleteSpaces(dependencies, organization, job.actor);
        const apps = await db.transaction().execute(async (tx) => {
          await refuseSharedDomains(tx, organization);
          return await deleteRows(tx, organizationGuid);
        });
        for (const app of apps) await dependencies.runner.routesChanged(app);
      } catch (error) {
        // A stop is no failure: the job goes on at the next start.
        if (!signal.aborted) await reopen(db, organizationGuid);
        throw error;
      }
    },
  };
}

/**
 * Checked before anything is taken away, where the original finds it out when the spaces are gone already; and again with
 * the last rows, since a domain may have been shared meanwhile.
 *
 * @throws 502 290010 where others use a domain of the organization
 */
async function refuseSharedDomains(db: Executor, organization: Organization): Promise<void> {
  const shared = await db
    .selectFrom("domains")
    .select("domains.name")
    .where("domains.organizationGuid", "=", organization.guid)
    .where("domains.guid", "in", (eb) => eb.selectFrom("domainShares").select("domainGuid"))
    .orderBy("domains.id")
    .execute();
  if (shared.length === 0) return;
  const faults = shared.map(
    ({ name }) => `Domain '${name}' is shared with other organizations. Unshare before deleting.`,
  );
  throw new CfError(
    "OrganizationDeletionFailed",
    `Deletion of organization ${organization.name} failed because one or more resources within could not be deleted.\n\n${faults.join("\n\n")}`,
  );
}

async function deleteSpaces(
  dependencies: AppDelete,
  organization: Organization,
  actor: Actor,
): Promise<void> {
  const spaces = await dependencies.db
    .selectFrom("spaces")
    .select("guid")
    .where("organizationGuid", "=", organization.guid)
    .execute();
  for (const { guid: spaceGuid } of spaces) {
    await deleteSpace(dependencies, { spaceGuid, actor, withOrganization: true });
  }
}

/** Gives the apps of other organizations that routes of its domains had reached. */
async function deleteRows(db: Executor, organizationGuid: string): Promise<readonly string[]> {
  const domains = await db
    .selectFrom("domains")
    .select("guid")
    .where("organizationGuid", "=", organizationGuid)
    .execute();
  const reached = await deleteDomains(
    db,
    domains.map(({ guid }) => guid),
  );
  for (const table of [
    "domainShares",
    "roles",
    "isolationSegmentEntitlements",
    "spaceQuotas",
  ] as const) {
    await db.deleteFrom(table).where("organizationGuid", "=", organizationGuid).execute();
  }
  await deleteMetadata(db, "organization", [organizationGuid]);
  await db.deleteFrom("organizations").where("guid", "=", organizationGuid).execute();
  return reached;
}

async function reopen(db: Database, guid: string): Promise<void> {
  await db.updateTable("organizations").set({ deleting: 0 }).where("guid", "=", guid).execute();
}
