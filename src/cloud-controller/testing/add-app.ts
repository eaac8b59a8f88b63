import { FakeClock } from "#kernel/clock/fake-clock.ts";
import { named } from "../database/name-key.ts";
import { newRecord } from "../database/record.ts";
import type { Database } from "../database/schema.ts";

/** The row of an app, "app", with what an app belongs to. */
export async function addApp(db: Database): Promise<void> {
  const clock = new FakeClock();
  await db
    .insertInto("organizationQuotas")
    .values({ ...newRecord(clock, "quota"), ...named("quota"), limits: "{}" })
    .execute();
  await db
    .insertInto("organizations")
    .values({ ...newRecord(clock, "org"), ...named("org"), suspended: 0, quotaGuid: "quota" })
    .execute();
  await db
    .insertInto("spaces")
    .values({
      ...newRecord(clock, "space"),
      ...named("space"),
      organizationGuid: "org",
      allowSsh: 1,
      appCount: 1,
    })
    .execute();
  await db
    .insertInto("apps")
    .values({
      ...newRecord(clock, "app"),
      ...named("app"),
      spaceGuid: "space",
      desiredState: "STOPPED",
      dropletGuid: null,
      lifecycleType: "buildpack",
      stack: null,
      buildpacks: "[]",
      environmentVariables: "{}",
      enableSsh: 1,
      revisionsEnabled: 1,
      serviceBindingK8sEnabled: 0,
      fileBasedVcapServicesEnabled: 0,
    })
    .execute();
}
