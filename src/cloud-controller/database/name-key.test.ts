import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

// The same on SQLite and on PostgreSQL, whose own ways to compare names differ from one another.

const composed = "Caf\u00e9 \u0160";
const sameName = "CAF\u00c9 \u0161";
/** Other names in Cloud Controller: what looks alike, or sorts alike, is not the same. */
const others = ["Cafe\u0301 \u0160", "Cafe \u0160", "stra\u00dfe", "strasse", "\uff43afe"];

test("names that differ in the case of letters alone are one name, in whatever alphabet", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const inOrganization = { organization: { data: { guid: organizationGuid } } };
  for (const [path, relationships] of [
    ["/v3/organizations", undefined],
    ["/v3/spaces", inOrganization],
    ["/v3/apps", { space: { data: { guid: spaceGuid } } }],
    ["/v3/organization_quotas", undefined],
    ["/v3/space_quotas", inOrganization],
    ["/v3/isolation_segments", undefined],
  ] as const) {
    const create = (name: string) => admin.post(path, { name, relationships });

    const first = await create(composed);
    const again = await create(sameName);
    const made = await Promise.all(others.map(create));
    const renamed = await admin.patch(`${path}/${made[0]?.json.guid}`, { name: sameName });
    const found = await admin.get(`${path}?names=${encodeURIComponent(sameName)}`);

    assert.equal(first.status, 201, `${path} ${first.text}`);
    assert.equal(again.status, 422, `${path} ${again.text}`);
    assert.deepEqual(
      made.map(({ status }) => status),
      others.map(() => 201),
      path,
    );
    assert.equal(renamed.status, 422, `${path} ${renamed.text}`);
    assert.deepEqual(
      found.json.resources.map(({ name }: { name: string }) => name),
      [composed],
      path,
    );
  }
});

test("a user is found by his name, and by a part of it, in whatever case of its letters", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);
  await (await cc.as({ userGuid: "user", userName: "\u00c9cole" })).get("/v3/organizations");

  for (const query of [
    "usernames=%C3%89cole",
    "usernames=%C3%A9COLE",
    "partial_usernames=%C3%89C",
  ]) {
    const found = await admin.get(`/v3/users?${query}`);
    assert.deepEqual(
      found.json.resources.map(({ guid }: { guid: string }) => guid),
      ["user"],
      query,
    );
  }
  const granted = await admin.post("/v3/roles", {
    type: "organization_manager",
    relationships: {
      user: { data: { username: "\u00e9cole" } },
      organization: { data: { guid: organizationGuid } },
    },
  });
  assert.equal(granted.status, 201, granted.text);
});
