import { sql } from "kysely";
import type { Executor } from "../database/schema.ts";
import { unprocessable } from "../http/cf-errors.ts";
import { isOneOf } from "../http/page.ts";

/** Names of these spaces, or of organizations, in which a process may log without limit; in order. */
export async function namesWithUnlimitedLogRate(
  db: Executor,
  kind: "organization" | "space",
  guids: readonly string[],
): Promise<readonly string[]> {
  const [guid, name] =
    kind === "space"
      ? (["spaces.guid", "spaces.name"] as const)
      : (["organizations.guid", "organizations.name"] as const);
  const rows = await db
    .selectFrom("processes")
    .innerJoin("apps", "apps.guid", "processes.appGuid")
    .innerJoin("spaces", "spaces.guid", "apps.spaceGuid")
    .innerJoin("organizations", "organizations.guid", "spaces.organizationGuid")
    .where("processes.logRateLimitInBytesPerSecond", "=", -1)
    .where(isOneOf(sql.ref(guid), guids))
    .select(name)
    .distinct()
    .orderBy(name)
    .execute();
  return rows.map(({ name }) => name);
}

/** A quota with a log rate limit cannot be given to whom it would not hold. */
export async function refuseUnlimitedLogRates(
  db: Executor,
  kind: "organization" | "space",
  guids: readonly string[],
): Promise<void> {
  if ((await namesWithUnlimitedLogRate(db, kind, guids)).length === 0) return;
  const what = kind === "space" ? "space(s)" : "org(s)";
  throw unprocessable(
    `Current usage exceeds new quota values. The ${what} being assigned this quota contain apps running with an unlimited log rate limit.`,
  );
}

/** The text for a quota that gets a log rate limit while it is applied to these. */
export function unlimitedLogRateText(
  kind: "organization" | "space",
  names: readonly string[],
): string {
  const noun = kind === "space" ? "space" : "org";
  const [first, second, ...others] = names;
  const whom =
    second === undefined
      ? `${noun} '${first}' which contains`
      : others.length === 0
        ? `${noun}s '${first}', '${second}' which contain`
        : `${noun}s '${first}', '${second}' and ${others.length} other ${noun}s which contain`;
  return `Current usage exceeds new quota values. This quota is applied to ${whom} apps running with an unlimited log rate limit.`;
}
