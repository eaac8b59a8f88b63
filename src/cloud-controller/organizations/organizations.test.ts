import assert from "node:assert/strict";
import { test } from "node:test";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a new platform has an organization, a space, a domain and the stack", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  const organizations = await admin.get("/v3/organizations?names=RIVERA&page=1&per_page=1");
  const [organization] = organizations.json.resources;
  const spaces = await admin.get(`/v3/spaces?organization_guids=${organization.guid}`);
  const domains = await admin.get(`/v3/organizations/${organization.guid}/domains`);

  assert.equal(organization.name, "rivera");
  assert.match(organization.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    spaces.json.resources.map((space: { name: string }) => space.name),
    ["dev"],
  );
  assert.deepEqual(
    domains.json.resources.map((domain: { name: string }) => domain.name),
    ["apps.localhost"],
  );
  assert.equal((await admin.get("/v3/stacks")).json.resources[0].name, "cflinuxfs4");
});

test("organizations and spaces are created, renamed, labelled and found by their labels", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();

  const created = await admin.post("/v3/organizations", {
    name: "acme",
    suspended: false,
    metadata: { labels: { env: "prod" }, annotations: { note: "x" } },
  });
  assert.equal(created.status, 201);
  const { guid } = created.json;
  const space = await admin.post("/v3/spaces", {
    name: "s1",
    relationships: { organization: { data: { guid } } },
  });
  assert.equal(space.status, 201);

  const again = await admin.post("/v3/organizations", { name: "ACME" });
  assert.equal(again.status, 422);
  assert.equal(again.json.errors[0].detail, "Organization 'ACME' already exists.");
  const sameSpace = await admin.post("/v3/spaces", {
    name: "S1",
    relationships: { organization: { data: { guid } } },
  });
  assert.equal(sameSpace.json.errors[0].detail, "Name must be unique per organization");

  const renamed = await admin.patch(`/v3/organizations/${guid}`, {
    name: "acme2",
    metadata: { labels: { env: null, tier: "1" } },
  });
  assert.equal(renamed.json.name, "acme2");
  assert.deepEqual(renamed.json.metadata, { labels: { tier: "1" }, annotations: { note: "x" } });

  const selectors: [string, number][] = [
    ["tier", 1],
    ["env", 0],
    ["!tier", 1],
    ["tier=1", 1],
    ["tier!=1", 1],
    ["tier in (1,2),!env", 1],
    ["tier notin (1)", 1],
  ];
  for (const [selector, total] of selectors) {
    const found = await admin.get(
      `/v3/organizations?label_selector=${encodeURIComponent(selector)}`,
    );
    assert.equal(found.json.pagination.total_results, total, selector);
  }
});

test("the domains of an organization that is deleted take the routes of other organizations along", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const organization = async (name: string) => {
    const guid: string = (await admin.post("/v3/organizations", { name })).json.guid;
    return { guid, data: { organization: { data: { guid } } } };
  };
  const [lender, borrower] = [await organization("lender"), await organization("borrower")];
  const domain = await admin.post("/v3/domains", {
    name: "lent.test",
    relationships: { ...lender.data, shared_organizations: { data: [{ guid: borrower.guid }] } },
  });
  const space = await admin.post("/v3/spaces", { name: "s", relationships: borrower.data });
  const route = await admin.post("/v3/routes", {
    host: "theirs",
    relationships: {
      space: { data: { guid: space.json.guid } },
      domain: { data: { guid: domain.json.guid } },
    },
  });
  const remove = async () =>
    await admin.job(await admin.delete(`/v3/organizations/${lender.guid}`));

  const whileShared = await remove();
  const kept = await admin.get(`/v3/routes/${route.json.guid}`);
  // No request unshares a domain that has routes there; an older version, or a hand in the database, may have.
  await using db = await cc.openDatabase();
  await db.deleteFrom("domainShares").where("domainGuid", "=", domain.json.guid).execute();
  const afterwards = await remove();

  assert.equal(whileShared.json.state, "FAILED");
  assert.equal(kept.status, 200);
  assert.equal(afterwards.json.state, "COMPLETE", afterwards.text);
  assert.equal((await admin.get(`/v3/routes/${route.json.guid}`)).status, 404);
  assert.equal((await admin.get(`/v3/spaces/${space.json.guid}`)).status, 200);
});

test("what a body of an organization or a space leaves out is told in the original's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const [organization] = (await admin.get("/v3/organizations")).json.resources;
  const relationships = { organization: { data: { guid: organization.guid } } };
  const structure = `Relationships Organization must be structured like this: "organization: {"data": {"guid": "valid-guid"}}"`;
  const blank = `Relationships Organization can't be blank, ${structure}`;
  const cases: [path: string, body: object, detail: string][] = [
    ["organizations", {}, "Name can't be blank"],
    ["organizations", { name: null }, "Name can't be blank"],
    ["spaces", { relationships }, "Name can't be blank"],
    ["spaces", { name: "s" }, "Relationships 'relationships' is not an object"],
    ["spaces", { name: "s", relationships: [] }, "Relationships 'relationships' is not an object"],
    ["spaces", { name: "s", relationships: { organization: null } }, blank],
    ["spaces", { name: "s", relationships: { organization: "o" } }, structure],
    [
      "spaces",
      { relationships: { owner: 1 } },
      `Relationships Unknown field(s): 'owner', ${blank}, Name can't be blank`,
    ],
  ];
  for (const [path, body, detail] of cases) {
    const refused = await admin.post(`/v3/${path}`, body);
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.json.errors[0].detail, detail);
  }

  const suspended = await admin.post("/v3/organizations", { name: "a", suspended: null });
  assert.equal(suspended.json.suspended, false, suspended.text);
  const space = await admin.post("/v3/spaces", { name: "s", suspended: true, relationships });
  const resumed = await admin.patch(`/v3/spaces/${space.json.guid}`, { suspended: null });
  assert.equal(resumed.json.suspended, false, resumed.text);
});

test("a space or role is looked for before or after its query as in the original, which knows `include` alone", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const [space] = (await admin.get("/v3/spaces")).json.resources;
  const unknown = "Unknown query parameter(s): 'page'. Valid parameters are: 'include'";
  const cases: [path: string, status: number, detail: string][] = [
    ["spaces/none?page=1", 404, "Space not found"],
    [`spaces/${space.guid}?page=1`, 400, `The query parameter is invalid: ${unknown}`],
    ["roles/none?page=1", 422, unknown],
    ["roles/none", 404, "Role not found"],
    ["organizations/none/domains?page=x", 404, "Organization not found"],
    [
      "organizations/none/users?page=x",
      400,
      "The query parameter is invalid: Page must be a positive integer",
    ],
  ];
  for (const [path, status, detail] of cases) {
    const refused = await admin.get(`/v3/${path}`);
    assert.equal(refused.status, status, path);
    assert.equal(refused.json.errors[0].detail, detail);
  }
  const { pagination } = (await admin.get("/v3/roles")).json;
  assert.match(pagination.first.href, /\/v3\/roles\?order_by=%2Bcreated_at&page=1&per_page=50$/);
});
