import { sql } from "kysely";
import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { named } from "../database/name-key.ts";
import { newRecord, touched } from "../database/record.ts";
import type { Database, Executor } from "../database/schema.ts";
import { whereTaken } from "../database/where-taken.ts";
import type { Actor } from "../http/auth-context.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { printList } from "../http/guid-list.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import type { JobHandler } from "../jobs/jobs.ts";
import type { createSpaceQuotaMessage, updateSpaceQuotaMessage } from "./messages.ts";
import {
  giveQuota,
  recordQuotaEvent,
  refuseLogRates,
  refuseNewLogRateLimit,
  quotaNameTaken,
} from "./quota-holders.ts";
import {
  reservedPortsFault,
  toLimits,
  unlimited,
  withLimits,
  type QuotaLimits,
} from "./quota-limits.ts";
import type { SpaceQuota } from "./quota-presenter.ts";

interface QuotaChange {
  readonly db: Database;
  readonly clock: Clock;
  readonly actor: Actor;
}

export async function createSpaceQuota(
  { db, clock, actor }: QuotaChange,
  message: z.infer<typeof createSpaceQuotaMessage>,
): Promise<SpaceQuota> {
  const organizationGuid = message.relationships.organization.data.guid;
  return await db.transaction().execute(async (tx) => {
    const limits = withLimits(unlimited, message);
    await refuseTooManyPorts(tx, limits, organizationGuid);
    const quota = await tx
      .insertInto("spaceQuotas")
      .values({
        ...newRecord(clock),
        ...named(message.name),
        organizationGuid,
        limits: JSON.stringify(limits),
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => quotaNameTaken("space", message.name)));
    const guids = message.relationships.spaces?.data.map(({ guid }) => guid) ?? [];
    const spaces = (await spacesOf(tx, guids)).filter(
      (space) => space.organizationGuid === organizationGuid,
    );
    const missing = guids.filter((guid) => !spaces.some((found) => found.guid === guid));
    if (missing.length > 0) {
      throw unprocessable(
        `Spaces with guids ${printList(missing)} do not exist within the organization specified, or you do not have access to them.`,
      );
    }
    await giveQuota(tx, clock, { holder: "space", quota, guids });
    await recordQuotaEvent(
      tx,
      { clock, actor },
      { quota, event: "create", data: { request: message } },
    );
    return quota;
  });
}

export async function updateSpaceQuota(
  { db, clock, actor }: QuotaChange,
  before: SpaceQuota,
  message: z.infer<typeof updateSpaceQuotaMessage>,
): Promise<SpaceQuota> {
  return await db.transaction().execute(async (tx) => {
    if ((message.apps?.log_rate_limit_in_bytes_per_second ?? null) !== null) {
      await refuseNewLogRateLimit(tx, "space", before.guid);
    }
    const limits = withLimits(toLimits(before.limits), message);
    await refuseTooManyPorts(tx, limits, before.organizationGuid);
    const name = message.name ?? before.name;
    const quota = await tx
      .updateTable("spaceQuotas")
      .set({ ...touched(clock), ...named(name), limits: JSON.stringify(limits) })
      .where("guid", "=", before.guid)
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(whereTaken(() => quotaNameTaken("space", name)));
    await recordQuotaEvent(
      tx,
      { clock, actor },
      { quota, event: "update", data: { request: message } },
    );
    return quota;
  });
}

/** Gives the quota to these spaces, which the caller must be able to see and which its organization must own. */
export async function applySpaceQuota(
  { db, clock, actor }: QuotaChange,
  quota: SpaceQuota,
  {
    guids,
    visible,
  }: { readonly guids: readonly string[]; readonly visible: ReturnType<Permissions["spaces"]> },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const spaces = await spacesOf(tx, guids, visible);
    const missing = guids.filter((guid) => !spaces.some((found) => found.guid === guid));
    if (missing.length > 0) {
      throw unprocessable(
        `Spaces with guids ${printList(missing)} do not exist, or you do not have access to them.`,
      );
    }
    if (spaces.some((space) => space.organizationGuid !== quota.organizationGuid)) {
      throw unprocessable("Space quotas cannot be applied outside of their owning organization.");
    }
    await refuseLogRates(tx, { holder: "space", quota, guids });
    await giveQuota(tx, clock, { holder: "space", quota, guids });
    for (const { guid, name } of spaces) {
      const data = { space_guid: guid, space_name: name };
      await recordQuotaEvent(
        tx,
        { clock, actor },
        { quota, event: "apply", data, spaceGuid: guid },
      );
    }
  });
}

export async function removeSpaceQuota(
  { db, clock, actor }: QuotaChange,
  quota: SpaceQuota,
  spaceGuid: string,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const space = await tx
      .updateTable("spaces")
      .set({ ...touched(clock), quotaGuid: null })
      .where("guid", "=", spaceGuid)
      .where("quotaGuid", "=", quota.guid)
      .returning(["guid", "name"])
      .executeTakeFirst();
    if (space === undefined) {
      throw unprocessable(
        `Unable to remove quota from space with guid '${spaceGuid}'. Ensure the space quota is applied to this space.`,
      );
    }
    const data = { space_guid: space.guid, space_name: space.name };
    await recordQuotaEvent(
      tx,
      { clock, actor },
      { quota, event: "remove", data, spaceGuid: space.guid },
    );
  });
}

const payload = z.object({ quotaGuid: z.string() });

/** The job `space_quota.delete`; a space that got the quota meanwhile loses it. */
export function spaceQuotaDelete({ db, clock }: Omit<QuotaChange, "actor">): JobHandler {
  return {
    operation: "space_quota.delete",
    async run(job) {
      const { quotaGuid } = payload.parse(job.payload);
      const { actor } = job;
      await db.transaction().execute(async (tx) => {
        await tx
          .updateTable("spaces")
          .set({ quotaGuid: null })
          .where("quotaGuid", "=", quotaGuid)
          .execute();
        const quota = await tx
          .deleteFrom("spaceQuotas")
          .where("guid", "=", quotaGuid)
          .returningAll()
          .executeTakeFirst();
        if (quota === undefined) return;
        await recordQuotaEvent(tx, { clock, actor }, { quota, event: "delete", data: {} });
      });
    },
  };
}

async function refuseTooManyPorts(
  db: Executor,
  limits: QuotaLimits,
  organizationGuid: string,
): Promise<void> {
  const row = await db
    .selectFrom("organizations")
    .innerJoin("organizationQuotas", "organizationQuotas.guid", "organizations.quotaGuid")
    .select("organizationQuotas.limits")
    .where("organizations.guid", "=", organizationGuid)
    .executeTakeFirstOrThrow();
  const fault = reservedPortsFault(limits, toLimits(row.limits));
  if (fault !== undefined) throw unprocessable(fault);
}

async function spacesOf(
  db: Executor,
  guids: readonly string[],
  visible?: ReturnType<Permissions["spaces"]>,
) {
  const query = db
    .selectFrom("spaces")
    .select(["guid", "name", "organizationGuid"])
    .where(isOneOf(sql.ref("spaces.guid"), guids))
    .orderBy("id");
  return await (visible === undefined ? query : query.where("guid", "in", visible)).execute();
}
