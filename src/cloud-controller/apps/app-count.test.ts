import assert from "node:assert/strict";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase } from "#db/open-database.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { appCounts } from "../database/migrations/0149-app-counts.ts";
import type { Schema } from "../database/schema.ts";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

async function totalOf(caller: Caller, query = ""): Promise<number> {
  const page = await caller.get(`/v3/apps?per_page=1${query}`);
  return page.json.pagination.total_results;
}

test("a list of apps counts those that there are, whoever asks for whichever spaces", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const places = await firstSpace(caller);
  const organization = { data: { guid: places.organizationGuid } };
  const space = await caller.post("/v3/spaces", { name: "other", relationships: { organization } });
  const other: string = space.json.guid;
  const member = await userWith(cc, "member", { ...places, types: ["space_developer"] });
  for (const name of ["a", "b", "c"]) await developer.createApp(name);
  for (const name of ["d", "e"]) await developer.createApp(name, other);
  const counts = async () => [
    await totalOf(caller),
    await totalOf(caller, `&space_guids=${other}`),
    await totalOf(caller, `&space_guids=${other},${places.spaceGuid},none`),
    await totalOf(caller, "&names=a,b,d"),
    await totalOf(member),
    await totalOf(member, `&space_guids=${other},${places.spaceGuid}`),
  ];

  const made = await counts();
  const apps = (await caller.get("/v3/apps?names=a,d")).json.resources;
  const taken = await caller.post("/v3/apps", {
    name: "b",
    relationships: { space: { data: { guid: places.spaceGuid } } },
  });
  const [first, again] = await Promise.all([
    caller.delete(`/v3/apps/${apps[0].guid}`),
    caller.delete(`/v3/apps/${apps[0].guid}`),
  ]);
  await caller.job(first);
  await caller.job(again);
  const left = await counts();
  await caller.job(await caller.delete(`/v3/spaces/${other}`));

  assert.deepEqual(made, [5, 2, 5, 3, 3, 3]);
  assert.equal(taken.status, 422);
  assert.deepEqual(left, [4, 2, 4, 2, 2, 2]);
  assert.deepEqual([await totalOf(caller), await totalOf(member)], [2, 2]);
});

test("the apps of a database of before are counted", async () => {
  const before = {
    async up(db: Kysely<unknown>) {
      await sql`create table spaces (guid text)`.execute(db);
      await sql`create table apps (space_guid text)`.execute(db);
      await sql`insert into spaces values ('two'), ('none')`.execute(db);
      await sql`insert into apps values ('two'), ('two')`.execute(db);
    },
  };
  const migrations = { "0001-before": before, "0149-app-counts": appCounts };
  await using db = await openDatabase<Pick<Schema, "spaces">>(
    await testDatabase(migrations),
    migrations,
  );

  const counted = await db
    .selectFrom("spaces")
    .select(["guid", "appCount"])
    .orderBy("guid")
    .execute();

  assert.deepEqual(counted, [
    { guid: "none", appCount: 0 },
    { guid: "two", appCount: 2 },
  ]);
});
