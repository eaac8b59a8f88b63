import assert from "node:assert/strict";
import { test } from "node:test";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("the list of flags has the order and the filters of the original, and no others", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const set = await admin.patch("/v3/feature_flags/diego_cnb", { enabled: true });
  assert.equal(set.status, 200, set.text);
  const fault = "The query parameter is invalid:";
  const cases: [query: string, answer: string | readonly string[]][] = [
    ["order_by=-name&per_page=2", ["user_org_creation", "unset_roles_by_username"]],
    ["order_by=name&per_page=2&page=2", ["diego_cnb", "diego_docker"]],
    ["updated_ats[gt]=2020-01-01T00:00:00Z", ["diego_cnb"]],
    ["updated_ats[lt]=2020-01-01T00:00:00Z", []],
    ["order_by=created_at", `${fault} Order by can only be: 'name'`],
    [
      "created_ats[lt]=2020-01-01T00:00:00Z",
      `${fault} Filtering by 'created_ats' is not allowed on this resource.`,
    ],
  ];
  for (const [query, expected] of cases) {
    const { json } = await admin.get(`/v3/feature_flags?${query}`);
    const answer =
      json.errors?.[0].detail ?? json.resources.map((flag: { name: string }) => flag.name);
    assert.deepEqual(answer, expected, query);
  }
});
