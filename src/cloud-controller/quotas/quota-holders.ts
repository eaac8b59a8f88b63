import { sql } from "kysely";
import type { Clock } from "#kernel/clock/clock.ts";
import { recordAuditEvent } from "../audit-events/record-audit-event.ts";
import { touched } from "../database/record.ts";
import type { Executor } from "../database/schema.ts";
import type { Actor } from "../http/auth-context.ts";
import { type CfError, unprocessable } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";
import type { Permissions } from "../http/permissions.ts";
import { toLimits } from "./quota-limits.ts";
import type { OrganizationQuota, SpaceQuota } from "./quota-presenter.ts";
import {
  namesWithUnlimitedLogRate,
  refuseUnlimitedLogRates,
  unlimitedLogRateText,
} from "./unlimited-log-rates.ts";

// What quotas of organizations and quotas of spaces have in common: who holds one, and what is recorded of it.

export type Holder = "organization" | "space";

type Quota = OrganizationQuota | SpaceQuota;

const tables = { organization: "organizations", space: "spaces" } as const;

interface Giving {
  readonly holder: Holder;
  readonly quota: Quota;
  /** Who gets it. */
  readonly guids: readonly string[];
}

export async function giveQuota(
  db: Executor,
  clock: Clock,
  { holder, quota, guids }: Giving,
): Promise<void> {
  if (guids.length === 0) return;
  await db
    .updateTable(tables[holder])
    .set({ ...touched(clock), quotaGuid: quota.guid })
    .where(isOneOf(sql.ref("guid"), guids))
    .execute();
}

export async function isHeld(db: Executor, holder: Holder, quotaGuid: string): Promise<boolean> {
  const found = await db
    .selectFrom(tables[holder])
    .select("guid")
    .where("quotaGuid", "=", quotaGuid)
    .executeTakeFirst();
  return found !== undefined;
}

/** @throws 422 where processes of these holders log without the limit that the quota has */
export async function refuseLogRates(
  db: Executor,
  { holder, quota, guids }: Giving,
): Promise<void> {
  if (toLimits(quota.limits).apps.log_rate_limit_in_bytes_per_second === null) return;
  await refuseUnlimitedLogRates(db, holder, guids);
}

/** @throws 422 where a quota gets a log rate limit that a process of its holders does not have */
export async function refuseNewLogRateLimit(
  db: Executor,
  holder: Holder,
  quotaGuid: string,
): Promise<void> {
  const holders = await db
    .selectFrom(tables[holder])
    .select("guid")
    .where("quotaGuid", "=", quotaGuid)
    .execute();
  const guids = holders.map(({ guid }) => guid);
  const names = await namesWithUnlimitedLogRate(db, holder, guids);
  if (names.length > 0) throw unprocessable(unlimitedLogRateText(holder, names));
}

/** By quota: who holds it, of those that the caller may see. */
export async function visibleHolders(
  db: Executor,
  what: {
    readonly holder: Holder;
    readonly quotas: readonly Quota[];
    readonly visible: ReturnType<Permissions["spaces"] | Permissions["organizations"]>;
  },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { holder, quotas, visible } = what;
  const guids = quotas.map(({ guid }) => guid);
  const holders = db
    .selectFrom(tables[holder])
    .select(["guid", "quotaGuid"])
    .where(isOneOf(sql.ref("quota_guid"), guids))
    .orderBy("id");
  const rows = await (
    visible === undefined ? holders : holders.where("guid", "in", visible)
  ).execute();
  const byQuota = Map.groupBy(rows, (row) => row.quotaGuid ?? "");
  return new Map([...byQuota].map(([quota, of]) => [quota, of.map(({ guid }) => guid)]));
}

export async function recordQuotaEvent(
  db: Executor,
  { clock, actor }: { readonly clock: Clock; readonly actor: Actor },
  what: {
    readonly event: "create" | "update" | "apply" | "remove" | "delete";
    readonly quota: Quota;
    readonly data: Readonly<Record<string, unknown>>;
    /** Whom it was given to, or taken from. */
    readonly spaceGuid?: string;
    readonly organizationGuid?: string;
  },
): Promise<void> {
  const { event, quota, data, ...place } = what;
  const type = "organizationGuid" in quota ? "space_quota" : "organization_quota";
  await recordAuditEvent(db, clock, {
    type: `audit.${type}.${event}`,
    actor,
    target: { guid: quota.guid, type, name: quota.name },
    data,
    ...("organizationGuid" in quota ? { organizationGuid: quota.organizationGuid } : {}),
    ...place,
  });
}

export function quotaNameTaken(holder: Holder, name: string): CfError {
  const noun = holder === "space" ? "Space Quota" : "Organization Quota";
  return unprocessable(`${noun} '${name}' already exists.`);
}
