import { sql } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { named } from "../database/name-key.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Actor } from "../http/auth-context.ts";
import { CfError, unprocessable } from "../http/cf-errors.ts";
import { printList } from "../http/guid-list.ts";
import { isOneOf } from "../http/page.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import type { createOrganizationQuotaMessage, updateOrganizationQuotaMessage } from "./messages.ts";
import {
  giveQuota,
  isHeld,
  recordQuotaEvent,
  refuseLogRates,
  refuseNewLogRateLimit,
  quotaNameTaken,
} from "./quota-holders.ts";
import { reservedPortsFault, toLimits, unlimited, withLimits } from "./quota-limits.ts";
import type { OrganizationQuota } from "./quota-presenter.ts";

interface QuotaChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly actor: Actor;
}

export async function createOrganizationQuota(
  { db, clock, actor }: QuotaChange,
  message: z.infer<typeof createOrganizationQuotaMessage>,
): Promise<OrganizationQuota> {
  const limits = withLimits({ ...unlimited, domains: { total_domains: null } }, message);
  const fault = reservedPortsFault(limits);
  if (fault !== undefined) throw unprocessable(fault);
  return await db.transaction().execute(async (tx) => {
    const quota = await tx
      .insertInto("organizationQuotas")
      .values({ ...newRecord(clock), ...named(message.name), limits: JSON.stringify(limits) })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => quotaNameTaken("organization", message.name)));
    const guids = message.relationships?.organizations?.data.map(({ guid }) => guid) ?? [];
    const organizations = await organizationsOf(tx, guids);
    const missing = guids.filter((guid) => !organizations.some((found) => found.guid === guid));
    if (missing.length > 0) {
      throw unprocessable(
        `Organizations with guids ${printList(missing)} do not exist, or you do not have access to them.`,
      );
    }
    await giveQuota(tx, clock, { holder: "organization", quota, guids });
    await recordQuotaEvent(
      tx,
      { clock, actor },
      { quota, event: "create", data: { request: message } },
    );
    return quota;
  });
}

export async function updateOrganizationQuota(
  { db, clock, actor }: QuotaChange,
  before: OrganizationQuota,
  message: z.infer<typeof updateOrganizationQuotaMessage>,
): Promise<OrganizationQuota> {
  return await db.transaction().execute(async (tx) => {
    if ((message.apps?.log_rate_limit_in_bytes_per_second ?? null) !== null) {
      await refuseNewLogRateLimit(tx, "organization", before.guid);
    }
    const limits = withLimits(toLimits(before.limits), message);
    const fault = reservedPortsFault(limits);
    if (fault !== undefined) throw unprocessable(fault);
    const name = message.name ?? before.name;
    const quota = await tx
      .updateTable("organizationQuotas")
      .set({ ...touched(clock), ...named(name), limits: JSON.stringify(limits) })
      .where("guid", "=", before.guid)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => quotaNameTaken("organization", name)));
    await recordQuotaEvent(
      tx,
      { clock, actor },
      { quota, event: "update", data: { request: message } },
    );
    return quota;
  });
}

/** Gives the quota to these organizations; what they use already stays, whatever the quota says. */
export async function applyOrganizationQuota(
  { db, clock, actor }: QuotaChange,
  quota: OrganizationQuota,
  guids: readonly string[],
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const organizations = await organizationsOf(tx, guids);
    const missing = guids.filter((guid) => !organizations.some((found) => found.guid === guid));
    if (missing.length > 0) {
      throw unprocessable(`Organizations with guids ${printList(missing)} do not exist`);
    }
    await refuseLogRates(tx, { holder: "organization", quota, guids });
    await giveQuota(tx, clock, { holder: "organization", quota, guids });
    for (const { guid, name } of organizations) {
      const data = { organization_guid: guid, organization_name: name };
      await recordQuotaEvent(
        tx,
        { clock, actor },
        { quota, event: "apply", data, organizationGuid: guid },
      );
    }
  });
}

const payload = z.object({ quotaGuid: z.string() });

/** The job `organization_quota.delete`; it fails where an organization got the quota meanwhile. */
export function organizationQuotaDelete({ db, clock }: Omit<QuotaChange, "actor">): JobHandler {
  return {
    operation: "organization_quota.delete",
    async run(job) {
      const { quotaGuid } = payload.parse(job.payload);
      const { actor } = job;
      await db.transaction().execute(async (tx) => {
        const quota = await tx
          .selectFrom("organizationQuotas")
          .selectAll()
          .where("guid", "=", quotaGuid)
          .executeTakeFirst();
        if (quota === undefined) return;
        if (await isHeld(tx, "organization", quotaGuid)) {
          throw new CfError(
            "AssociationNotEmpty",
            "Please delete the organization associations for your quota definition.",
          );
        }
        await tx.deleteFrom("organizationQuotas").where("guid", "=", quotaGuid).execute();
        await recordQuotaEvent(tx, { clock, actor }, { quota, event: "delete", data: {} });
      });
    },
  };
}

async function organizationsOf(db: Executor, guids: readonly string[]) {
  return await db
    .selectFrom("organizations")
    .select(["guid", "name"])
    .where(isOneOf(sql.ref("organizations.guid"), guids))
    .orderBy("id")
    .execute();
}
