import type { Insertable, Kysely } from "kysely";
import { named } from "#cloud-controller/database/name-key.ts";
import { newRecord } from "#cloud-controller/database/record.ts";
import type { Database, Schema } from "#cloud-controller/database/schema.ts";
import type { BbsSchema } from "#diego/bbs/store/bbs-schema.ts";
import { desiredLrpRequest, netInfo } from "#diego/models/model-builders.ts";
import type { BbsClient } from "#diego/bbs/client.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";

const organizations = 10;
const smallSpaces = 95;
const appsInSmallSpace = 100;
const appsInLargeSpace = 500;
const routesPerApp = 2;
const auditEvents = 50_000;

/** Rows of one statement: what SQLite takes in variables, with room. */
const chunk = 400;

export interface Filled {
  /** Of 100 apps each. */
  readonly spaceGuids: readonly string[];
  /** Of 500 apps. */
  readonly largeSpaceGuid: string;
  /** A developer in every space. */
  readonly developerGuid: string;
  /** Process guids of Diego, one instance each. */
  readonly lrpGuids: readonly string[];
}

type Rows<Table extends keyof Schema> = Insertable<Schema[Table]>[];

/** 10,000 apps with a web process and two routes each, straight into the tables: only the lists are measured. */
export async function fillTables(db: Database): Promise<Filled> {
  const spaceGuids = numbered("space", smallSpaces);
  const largeSpaceGuid = "space-large";
  const developerGuid = "developer";
  const apps = [
    ...spaceGuids.flatMap((space) => appsOf(space, appsInSmallSpace)),
    ...appsOf(largeSpaceGuid, appsInLargeSpace),
  ];
  await db.transaction().execute(async (tx) => {
    const places = [...spaceGuids, largeSpaceGuid];
    await insert(tx, "organizations", await organizationRows(tx));
    await insert(tx, "spaces", places.map(spaceRow));
    await insert(tx, "users", [
      { ...row(developerGuid), username: developerGuid, usernameKey: developerGuid, origin: "uaa" },
    ] satisfies Rows<"users">);
    await insert(
      tx,
      "roles",
      places.map((guid) => roleRow(developerGuid, guid)),
    );
    await insert(tx, "apps", apps.map(appRow));
    await tx
      .updateTable("spaces")
      .set((eb) => ({
        appCount: eb
          .selectFrom("apps")
          .select((of) => of.fn.countAll<number>().as("count"))
          .whereRef("apps.spaceGuid", "=", "spaces.guid"),
      }))
      .execute();
    await insert(tx, "processes", apps.map(processRow));
    const { guid: domain } = await tx
      .selectFrom("domains")
      .select("guid")
      .executeTakeFirstOrThrow();
    const routes = apps.flatMap((app) =>
      numbered(app.guid, routesPerApp).map((host) => ({ app, host })),
    );
    await insert(
      tx,
      "routes",
      routes.map(({ app, host }) => routeRow(app.spaceGuid, domain, host)),
    );
    await insert(
      tx,
      "destinations",
      routes.map(({ app, host }) => destinationRow(app.guid, host)),
    );
    await insert(tx, "auditEvents", auditEventRows(apps));
  });
  return { spaceGuids, largeSpaceGuid, developerGuid, lrpGuids: apps.map(({ guid }) => lrp(guid)) };
}

/** Every process runs: the rows of one that was started over the BBS's API, again for each of the others. */
export async function fillBbs(
  client: BbsClient,
  db: Kysely<BbsSchema>,
  lrpGuids: readonly string[],
): Promise<void> {
  const [first = "", ...others] = lrpGuids;
  await client.desireLrp(desiredLrpRequest({ processGuid: first }));
  await client.startActualLrp({
    key: { processGuid: first, index: 0, domain: "cf-apps" },
    instanceKey: { instanceGuid: `instance-of-${first}`, cellId: "cell-0" },
    netInfo: netInfo(),
    metricTags: {},
    routable: true,
  });
  await db.transaction().execute(async (tx) => {
    const desired = await tx.selectFrom("desiredLrps").selectAll().executeTakeFirstOrThrow();
    const actual = await tx.selectFrom("actualLrps").selectAll().executeTakeFirstOrThrow();
    for (let start = 0; start < others.length; start += chunk) {
      const guids = others.slice(start, start + chunk);
      await tx
        .insertInto("desiredLrps")
        .values(guids.map((processGuid) => ({ ...desired, processGuid })))
        .execute();
      await tx
        .insertInto("actualLrps")
        .values(
          guids.map((processGuid, index) => ({
            ...actual,
            processGuid,
            instanceGuid: `instance-of-${processGuid}`,
            cellId: `cell-${index % 20}`,
          })),
        )
        .execute();
    }
  });
}

async function insert<Table extends keyof Schema>(
  db: Database,
  table: Table,
  rows: readonly Insertable<Schema[Table]>[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += chunk) {
    await db
      .insertInto(table)
      .values(rows.slice(start, start + chunk))
      .execute();
  }
}

interface AppPlace {
  readonly guid: string;
  readonly spaceGuid: string;
}

function appsOf(spaceGuid: string, count: number): AppPlace[] {
  return numbered(`app-of-${spaceGuid}`, count).map((guid) => ({ guid, spaceGuid }));
}

async function organizationRows(db: Database): Promise<Rows<"organizations">> {
  const { guid } = await db
    .selectFrom("organizationQuotas")
    .select("guid")
    .executeTakeFirstOrThrow();
  return numbered("organization", organizations).map((name) => ({
    ...row(name),
    ...named(name),
    suspended: 0,
    quotaGuid: guid,
  }));
}

function spaceRow(guid: string, index: number): Rows<"spaces">[number] {
  const organizationGuid = `organization-${index % organizations}`;
  return { ...row(guid), ...named(guid), organizationGuid, allowSsh: 1 };
}

function roleRow(userGuid: string, spaceGuid: string): Rows<"roles">[number] {
  const guid = `role-in-${spaceGuid}`;
  return { ...row(guid), type: "space_developer", userGuid, organizationGuid: null, spaceGuid };
}

function appRow({ guid, spaceGuid }: AppPlace): Rows<"apps">[number] {
  return {
    ...row(guid),
    ...named(guid),
    spaceGuid,
    desiredState: "STARTED",
    dropletGuid: null,
    lifecycleType: "buildpack",
    stack: "cflinuxfs4",
    buildpacks: "[]",
    environmentVariables: "{}",
    enableSsh: 1,
    revisionsEnabled: 1,
    serviceBindingK8sEnabled: 0,
    fileBasedVcapServicesEnabled: 0,
  };
}

function processRow({ guid }: AppPlace): Rows<"processes">[number] {
  const check = { type: "process", invocationTimeout: null, interval: null, endpoint: null };
  return {
    ...row(guid),
    appGuid: guid,
    type: "web",
    state: "STARTED",
    version: "1",
    command: "node server.js",
    user: null,
    instances: 1,
    memoryInMb: 256,
    diskInMb: 1024,
    logRateLimitInBytesPerSecond: -1,
    healthCheck: JSON.stringify({ ...check, type: "port", timeout: null }),
    readinessHealthCheck: JSON.stringify(check),
    revisionGuid: null,
  };
}

/** Diego's name of a process: its guid and its version. */
function lrp(processGuid: string): string {
  return `${processGuid}-1`;
}

function routeRow(spaceGuid: string, domainGuid: string, host: string): Rows<"routes">[number] {
  return { ...row(host), spaceGuid, domainGuid, host, path: "", options: "{}" };
}

function destinationRow(appGuid: string, routeGuid: string): Rows<"destinations">[number] {
  return {
    ...row(`destination-of-${routeGuid}`),
    routeGuid,
    appGuid,
    processType: "web",
    port: 8080,
    weight: null,
    protocol: "http1",
  };
}

function auditEventRows(apps: readonly AppPlace[]): Rows<"auditEvents"> {
  return numbered("event", auditEvents).map((guid, index) => {
    const app = apps[index % apps.length];
    return {
      ...row(guid),
      type: "audit.app.update",
      actorGuid: "developer",
      actorType: "user",
      actorName: "developer",
      targetGuid: app?.guid ?? "",
      targetType: "app",
      targetName: app?.guid ?? "",
      spaceGuid: app?.spaceGuid ?? null,
      organizationGuid: "organization-0",
      data: JSON.stringify({ request: { name: guid } }),
    };
  });
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

function row(guid: string) {
  return newRecord(systemClock, guid);
}
