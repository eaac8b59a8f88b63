import { z } from "zod";
import type { Clock } from "#kernel/clock/clock.ts";
import { newRecord, storedBoolean, touched } from "../database/record.ts";
import type { Database } from "../database/schema.ts";
import { CfError, notFound } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";
import { presentTimestamp, type Links } from "../http/links.ts";
import { parseListQuery } from "../http/list-query.ts";
import { fetchPage, presentPage } from "../http/page.ts";
import { parseMessage } from "../http/parse-message.ts";
import { featureFlagDefaults, isFeatureFlag, type FeatureFlagName } from "./feature-flags.ts";

const updateFeatureFlagMessage = z.strictObject({
  enabled: z.boolean().optional(),
  custom_error_message: z.string().min(1).max(250).nullable().optional(),
});

interface SetFlag {
  readonly updatedAt: string;
  readonly enabled: number;
  readonly customErrorMessage: string | null;
}

export function registerFeatureFlags(
  app: ApiServer,
  { db, clock, links }: { readonly db: Database; readonly clock: Clock; readonly links: Links },
): void {
  app.get("/v3/feature_flags", async (request) => {
    const list = parseListQuery(request.query, {
      filters: [],
      orderOnlyBy: { name: "name" },
      refusedTimes: "created_ats",
    });
    const { rows } = await fetchPage(
      db.selectFrom("featureFlags").selectAll("featureFlags"),
      { ...list, filters: {}, page: 1, perPage: Object.keys(featureFlagDefaults).length },
      "featureFlags",
    );
    const set = new Map(rows.map((row) => [row.name, row]));
    // A flag that nobody has set was never changed, so that no filter by time finds it.
    const names = Object.keys(featureFlagDefaults)
      .filter(isFeatureFlag)
      .filter((name) => list.updatedAts.length === 0 || set.has(name))
      .sort();
    if (list.order?.descending === true) names.reverse();
    return presentPage({
      links,
      path: "/v3/feature_flags",
      list,
      total: names.length,
      resources: names
        .slice((list.page - 1) * list.perPage, list.page * list.perPage)
        .map((name) => present(name, set.get(name))),
    });
  });

  app.get<{ Params: { name: string } }>("/v3/feature_flags/:name", async (request) => {
    const name = known(request.params.name);
    return present(name, await find(name));
  });

  app.patch<{ Params: { name: string } }>("/v3/feature_flags/:name", async (request) => {
    const name = known(request.params.name);
    if (!request.auth.isAdmin) throw new CfError("NotAuthorized");
    const message = parseMessage(updateFeatureFlagMessage, request.body);
    const before = await find(name);
    const values = {
      enabled: storedBoolean(
        message.enabled ??
          (before === undefined ? featureFlagDefaults[name] : before.enabled === 1),
      ),
      customErrorMessage:
        message.custom_error_message === undefined
          ? (before?.customErrorMessage ?? null)
          : message.custom_error_message,
    };
    await db
      .insertInto("featureFlags")
      .values({ ...newRecord(clock), name, ...values })
      .onConflict((conflict) =>
        conflict.column("name").doUpdateSet({ ...touched(clock), ...values }),
      )
      .execute();
    return present(name, await find(name));
  });

  async function find(name: FeatureFlagName): Promise<SetFlag | undefined> {
    return await db
      .selectFrom("featureFlags")
      .selectAll()
      .where("name", "=", name)
      .executeTakeFirst();
  }

  function present(name: FeatureFlagName, set: SetFlag | undefined) {
    return {
      name,
      enabled: set === undefined ? featureFlagDefaults[name] : set.enabled === 1,
      updated_at: set === undefined ? null : presentTimestamp(set.updatedAt),
      custom_error_message: set?.customErrorMessage ?? null,
      links: { self: links.to(`/v3/feature_flags/${name}`) },
    };
  }
}

function known(name: string): FeatureFlagName {
  if (!isFeatureFlag(name)) throw notFound("Feature flag");
  return name;
}
