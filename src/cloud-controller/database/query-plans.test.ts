import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

// No request costs more because the tables are larger, but for the count of what it may see: asked of SQLite's planner
// for every query that the requests below run. (PostgreSQL chooses by how much there is; the indexes are the same.)

const largeTables =
  /\b(apps|processes|routes|destinations|packages|builds|droplets|audit_events|jobs|metadata|tasks)\b/;

interface Query {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A query's plan, a line each. */
function stepsOf(db: DatabaseSync, { sql, parameters }: Query): string[] {
  const values = parameters.map((value) => (typeof value === "number" ? value : String(value)));
  return db
    .prepare(`explain query plan ${sql}`)
    .all(...values)
    .map((row) => String(row["detail"]));
}

/** What is wrong with a query's plan, a line each. */
function faultsOf(db: DatabaseSync, query: Query): string[] {
  const { sql } = query;
  const steps = stepsOf(db, query);
  const isSorted = steps.some((step) => step.startsWith("USE TEMP B-TREE FOR ORDER BY"));
  // A page read in the order of an index ends with its last row.
  const isPage = / limit \?/.test(sql) && !isSorted;
  const isCountOfAll = sql.startsWith("select count(*)");
  return steps
    .filter((step) => step.startsWith("SCAN ") && largeTables.test(step))
    .filter(() => !isPage && !isCountOfAll)
    .map((step) => `${step}: ${sql}`);
}

async function watched() {
  const folder = await mkdtemp(path.join(tmpdir(), "plans-"));
  const file = path.join(folder, "cloud-controller.db");
  const queries: Query[] = [];
  const cc = await TestCloudController.start({
    config: {
      longPollMs: 0,
      database: { path: file, onQuery: (sql, parameters) => queries.push({ sql, parameters }) },
    },
  });
  return {
    cc,
    queries,
    faults(): string[] {
      using db = new DatabaseSync(file, { readOnly: true });
      // The daily clean-ups, which delete, may read whole tables.
      const asked = queries.filter(({ sql }) => sql.startsWith("select"));
      return [...new Set(asked.flatMap((query) => faultsOf(db, query)))];
    },
    plans(asked: readonly Query[]): string[] {
      using db = new DatabaseSync(file, { readOnly: true });
      return asked.flatMap((query) => stepsOf(db, query));
    },
    async [Symbol.asyncDispose]() {
      await cc[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const orders = ["created_at", "-created_at", "updated_at", "-updated_at"];

test("no list that clients ask for reads a whole table", async () => {
  await using parts = await watched();
  const { cc, queries } = parts;
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("app");
  await developer.createPackage(app);
  const places = await firstSpace(developer.caller);
  const space = places.spaceGuid;
  const member = await userWith(cc, "member", { ...places, types: ["space_developer"] });
  const lists = [
    "/v3/apps?per_page=100&include=space.organization",
    `/v3/apps?space_guids=${space}&names=app`,
    "/v3/apps?order_by=name",
    "/v3/apps?label_selector=a=b,!c",
    `/v3/apps?guids=${Array.from({ length: 500 }, (_, index) => `guid-${index}`).join(",")}`,
    `/v3/processes?space_guids=${space}&embed=process_instances`,
    `/v3/processes?app_guids=${app}`,
    `/v3/apps/${app}/processes`,
    "/v3/routes",
    `/v3/routes?space_guids=${space}&include=domain`,
    `/v3/routes?app_guids=${app}`,
    "/v3/routes?hosts=a,b",
    `/v3/apps/${app}/routes`,
    "/v3/audit_events",
    `/v3/audit_events?target_guids=${app}&order_by=-created_at`,
    `/v3/audit_events?space_guids=${space}`,
    "/v3/audit_events?types=audit.app.create",
    "/v3/packages",
    `/v3/packages?app_guids=${app}`,
    "/v3/builds",
    `/v3/builds?app_guids=${app}`,
    "/v3/droplets",
    `/v3/droplets?app_guids=${app}`,
    `/v3/tasks?app_guids=${app}`,
    ...["apps", "processes", "routes", "packages", "builds", "droplets", "audit_events"].flatMap(
      (resource) => orders.map((order) => `/v3/${resource}?order_by=${order}`),
    ),
  ];
  queries.length = 0;

  for (const caller of [developer.caller, member]) {
    for (const list of lists) {
      const answer = await caller.get(list);
      assert.equal(answer.status, 200, `${list}: ${answer.text}`);
    }
  }

  assert.ok(queries.length > lists.length * 2, "the queries were heard of");
  assert.deepEqual(parts.faults(), []);
  queries.push({ sql: "select * from apps where environment_variables = ?", parameters: ["{}"] });
  assert.equal(parts.faults().length, 1, "a query that reads a whole table is found");
});

test("a list of a hundred asks as many queries as a list of one", async () => {
  await using parts = await watched();
  const { cc, queries } = parts;
  const developer = await Developer.admin(cc);
  const { spaceGuid } = await firstSpace(developer.caller);
  const lists = [
    "/v3/apps?per_page=200&include=space.organization",
    `/v3/processes?per_page=200&space_guids=${spaceGuid}&embed=process_instances`,
    `/v3/routes?per_page=200&space_guids=${spaceGuid}&include=domain`,
  ];
  const domain = (await developer.caller.get("/v3/domains")).json.resources[0].guid;
  const add = async (index: number) => {
    await developer.createApp(`app-${index}`);
    const route = await developer.caller.post("/v3/routes", {
      host: `host-${index}`,
      relationships: {
        space: { data: { guid: spaceGuid } },
        domain: { data: { guid: domain } },
      },
    });
    assert.equal(route.status, 201, route.text);
  };
  const countOf = async (list: string) => {
    queries.length = 0;
    const { json } = await developer.caller.get(list);
    return { rows: json.resources.length, queries: queries.length };
  };
  await add(0);
  const ofOne = [];
  for (const list of lists) ofOne.push(await countOf(list));
  for (let index = 1; index < 100; index += 1) await add(index);

  const ofMany = [];
  for (const list of lists) ofMany.push(await countOf(list));

  assert.deepEqual(
    ofMany,
    ofOne.map((each) => ({ rows: 100, queries: each.queries })),
  );
  assert.deepEqual(
    ofOne.map(({ rows }) => rows),
    [1, 1, 1],
  );
});

test("a page of the apps in many spaces reads no more of each space than the page has", async () => {
  await using parts = await watched();
  const { cc, queries } = parts;
  const developer = await Developer.admin(cc);
  const places = await firstSpace(developer.caller);
  const member = await userWith(cc, "member", { ...places, types: ["space_developer"] });
  queries.length = 0;

  const answer = await member.get("/v3/apps?per_page=1");

  const page = queries.filter(({ sql }) => sql.startsWith('select "apps"."guid"'));
  assert.equal(answer.status, 200);
  assert.equal(page.length, 1);
  assert.match(parts.plans(page).join("\n"), /SEARCH apps USING INDEX apps_by_space_guid_id /);
});
