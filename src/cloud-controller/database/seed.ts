import type { Clock } from "#kernel/clock/clock.ts";
import type { CloudControllerConfig } from "../config.ts";
import { sharedSegmentGuid } from "../isolation-segments/isolation-segment-table.ts";
import { named } from "./name-key.ts";
import { newRecord, storedBoolean } from "./record.ts";
import type { Database } from "./schema.ts";

/**
 * What a new platform begins with: a quota, an organization and a space to push into, the shared domain and the stack.
 * Each part is made only where its table is empty, so that what an operator has removed stays away; the shared domain,
 * the shared isolation segment and the default stack of the configuration are there at every start.
 */
export async function seed(
  db: Database,
  { clock, config }: { readonly clock: Clock; readonly config: CloudControllerConfig },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const existing = await tx.selectFrom("organizationQuotas").select("guid").executeTakeFirst();
    if (existing === undefined) {
      const quota = newRecord(clock);
      await tx
        .insertInto("organizationQuotas")
        .values({ ...quota, ...named("default"), limits: JSON.stringify(defaultQuota) })
        .execute();
      const organization = newRecord(clock);
      await tx
        .insertInto("organizations")
        .values({ ...organization, ...named("rivera"), suspended: 0, quotaGuid: quota.guid })
        .execute();
      await tx
        .insertInto("spaces")
        .values({
          ...newRecord(clock),
          ...named("dev"),
          organizationGuid: organization.guid,
          allowSsh: 1,
        })
        .execute();
      await tx
        .insertInto("securityGroups")
        .values(
          defaultSecurityGroups.map((group) => ({
            ...newRecord(clock),
            name: group.name,
            rules: JSON.stringify(group.rules),
            runningDefault: storedBoolean(true),
            stagingDefault: storedBoolean(true),
          })),
        )
        .execute();
    }
    await tx
      .insertInto("domains")
      .values({ ...newRecord(clock), name: config.appsDomain, internal: 0, organizationGuid: null })
      .onConflict((conflict) => conflict.column("name").doNothing())
      .execute();
    await tx
      .insertInto("isolationSegments")
      .values({ ...newRecord(clock, sharedSegmentGuid), ...named("shared") })
      .onConflict((conflict) => conflict.column("guid").doNothing())
      .execute();
    await tx
      .insertInto("stacks")
      .values({
        ...newRecord(clock),
        name: config.defaultStack,
        description: "The host's own userland, read-only",
        state: "ACTIVE",
        stateReason: null,
        isDefault: 1,
      })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ isDefault: 1 }))
      .execute();
    await tx
      .updateTable("stacks")
      .set({ isDefault: 0 })
      .where("name", "!=", config.defaultStack)
      .execute();
    for (const name of ["running", "staging"] as const) {
      await tx
        .insertInto("environmentVariableGroups")
        .values({ ...newRecord(clock), name, variables: "{}", hostVariables: "{}" })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
    }
  });
}

/** capi-release's quota "default" in V3's form; null is unlimited. */
const defaultQuota = {
  apps: {
    total_memory_in_mb: 102_400,
    per_process_memory_in_mb: null,
    total_instances: null,
    per_app_tasks: null,
    log_rate_limit_in_bytes_per_second: null,
  },
  services: {
    paid_services_allowed: true,
    total_service_instances: null,
    total_service_keys: null,
  },
  routes: { total_routes: 1000, total_reserved_ports: 100 },
  domains: { total_domains: null },
};

/** cf-deployment's two groups: the world outside private networks, and name servers. */
const defaultSecurityGroups = [
  {
    name: "public_networks",
    rules: [
      { protocol: "all", destination: "0.0.0.0-9.255.255.255" },
      { protocol: "all", destination: "11.0.0.0-169.253.255.255" },
      { protocol: "all", destination: "169.255.0.0-172.15.255.255" },
      { protocol: "all", destination: "172.32.0.0-192.167.255.255" },
      { protocol: "all", destination: "192.169.0.0-255.255.255.255" },
    ],
  },
  {
    name: "dns",
    rules: [
      { protocol: "tcp", destination: "0.0.0.0/0", ports: "53" },
      { protocol: "udp", destination: "0.0.0.0/0", ports: "53" },
    ],
  },
];
