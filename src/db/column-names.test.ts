import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { openDatabase } from "./open-database.ts";

interface Schema {
  readonly appUsages: { readonly appGuid: string; readonly k8sEnabled: number };
}

test("names are snake_case in SQL wherever they stand, and a quote in one does not end it", async () => {
  await using db = await openDatabase<Schema>({ path: ":memory:" }, {});
  const query = db
    .selectFrom("appUsages as ofApp")
    .select(["ofApp.appGuid", "k8sEnabled as isOnK8s"])
    .where(sql.ref("ofApp.appGUID"), "=", "camelCase")
    .orderBy(sql`${sql.id('odd"Name')}`);

  const { sql: text, parameters } = query.compile();

  assert.equal(
    text,
    'select "of_app"."app_guid", "k8s_enabled" as "is_on_k8s" from "app_usages" as "of_app" ' +
      'where "of_app"."app_guid" = ? order by "odd""_name"',
  );
  assert.deepEqual(parameters, ["camelCase"]);
});
