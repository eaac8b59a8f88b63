import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const unlimitedApps = {
  total_memory_in_mb: null,
  per_process_memory_in_mb: null,
  total_instances: null,
  per_app_tasks: null,
  log_rate_limit_in_bytes_per_second: null,
};
const unlimitedServices = {
  paid_services_allowed: true,
  total_service_instances: null,
  total_service_keys: null,
};
const unlimitedRoutes = { total_routes: null, total_reserved_ports: null };

test("an organization quota is made unlimited but for what is named, changed, applied and taken away", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);

  const created = await admin.post("/v3/organization_quotas", {
    name: "small",
    apps: { total_memory_in_mb: 5120 },
    services: { paid_services_allowed: false },
  });
  assert.equal(created.status, 201, created.text);
  const { guid, created_at, updated_at, ...shown } = created.json;
  assert.match(created_at, /Z$/);
  assert.equal(updated_at, created_at);
  assert.deepEqual(shown, {
    name: "small",
    apps: { ...unlimitedApps, total_memory_in_mb: 5120 },
    services: { ...unlimitedServices, paid_services_allowed: false },
    routes: unlimitedRoutes,
    domains: { total_domains: null },
    relationships: { organizations: { data: [] } },
    links: { self: { href: `${cc.url}/v3/organization_quotas/${guid}` } },
  });

  const path = `/v3/organization_quotas/${guid}`;
  const changed = await admin.patch(path, {
    name: "smaller",
    apps: { total_memory_in_mb: null, total_instances: 0 },
    services: { paid_services_allowed: null },
    domains: { total_domains: 1 },
  });
  assert.deepEqual(changed.json.apps, { ...unlimitedApps, total_instances: 0 });
  assert.deepEqual(changed.json.services, unlimitedServices);
  assert.equal(changed.json.domains.total_domains, 1);

  const applied = await admin.post(`${path}/relationships/organizations`, {
    data: [{ guid: organizationGuid }],
  });
  assert.deepEqual(applied.json, {
    data: [{ guid: organizationGuid }],
    links: { self: { href: `${cc.url}${path}/relationships/organizations` } },
  });
  const organization = await admin.get(`/v3/organizations/${organizationGuid}`);
  assert.equal(organization.json.relationships.quota.data.guid, guid);
  const found = await admin.get(`/v3/organization_quotas?organization_guids=${organizationGuid}`);
  assert.deepEqual(
    found.json.resources.map((quota: { name: string }) => quota.name),
    ["smaller"],
  );

  const used = await admin.delete(path);
  assert.equal(
    used.json.errors[0].detail,
    "This quota is applied to one or more organizations. Apply different quotas to those organizations before deleting.",
  );
  const [standard] = (await admin.get("/v3/organization_quotas?names=DEFAULT")).json.resources;
  await admin.post(`/v3/organization_quotas/${standard.guid}/relationships/organizations`, {
    data: [{ guid: organizationGuid }],
  });
  assert.equal((await admin.job(await admin.delete(path))).json.state, "COMPLETE");
  assert.equal((await admin.get(path)).json.errors[0].detail, "Organization quota not found");

  const events = await admin.get(`/v3/audit_events?target_guids=${guid}`);
  assert.deepEqual(
    events.json.resources.map((event: { type: string }) => event.type),
    ["create", "update", "apply", "delete"].map((verb) => `audit.organization_quota.${verb}`),
  );
});

test("quotas with faults are refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);
  await admin.post("/v3/organization_quotas", { name: "taken" });
  const bodies: [body: object, detail: string][] = [
    [{}, "Name can't be blank"],
    [{ name: "" }, "Name can't be blank"],
    [{ name: 1 }, "Name must be a string"],
    [{ name: "x".repeat(251) }, "Name is too long (maximum is 250 characters)"],
    [{ name: "TAKEN" }, "Organization Quota 'TAKEN' already exists."],
    [{ name: "a", color: 1 }, "Unknown field(s): 'color'"],
    [{ name: "a", apps: 5 }, "Apps must be an object"],
    [{ name: "a", apps: { cpu: 5 } }, "Apps Unknown field(s): 'cpu'"],
    [{ name: "a", apps: { total_instances: "five" } }, "Apps Total instances is not a number"],
    [{ name: "a", apps: { total_instances: 1.5 } }, "Apps Total instances must be an integer"],
    [
      { name: "a", apps: { total_memory_in_mb: -1 } },
      "Apps Total memory in mb must be greater than or equal to 0",
    ],
    [
      { name: "a", routes: { total_routes: 2 ** 31 } },
      "Routes Total routes must be less than or equal to 2147483647",
    ],
    [
      { name: "a", services: { paid_services_allowed: "yes" } },
      "Services Paid services allowed must be a boolean",
    ],
    [
      { name: "a", routes: { total_routes: 1, total_reserved_ports: 2 } },
      "Total reserved ports must be -1, 0, or a positive integer, and must be less than or equal to total routes.",
    ],
    [
      { name: "a", relationships: { organizations: { data: [{ guid: "x" }, { guid: "y" }] } } },
      'Organizations with guids ["x", "y"] do not exist, or you do not have access to them.',
    ],
    [
      { name: "a", relationships: {} },
      "Relationships 'relationships' must include one or more valid relationships",
    ],
  ];
  for (const [body, detail] of bodies) {
    const refused = await admin.post("/v3/organization_quotas", body);
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.json.errors[0].detail, detail);
  }
  const [quota] = (await admin.get("/v3/organization_quotas?names=taken")).json.resources;
  const path = `/v3/organization_quotas/${quota.guid}/relationships/organizations`;
  const lists: [body: object, detail: string][] = [
    [{ data: [] }, "Data can't be blank"],
    [{ data: {} }, "Data must be an array"],
    [{ data: [{ guid: 1 }] }, "Invalid data type: Data[0] guid should be a string."],
    [
      { data: [{ guid: organizationGuid }, { guid: "x" }] },
      'Organizations with guids ["x"] do not exist',
    ],
  ];
  for (const [body, detail] of lists) {
    assert.equal((await admin.post(path, body)).json.errors[0].detail, detail);
  }
  assert.equal((await admin.get("/v3/organization_quotas")).json.pagination.total_results, 2);
});

test("a space quota belongs to an organization, whose managers make, apply, remove and delete it", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const { spaceGuid, organizationGuid } = place;
  const manager = await userWith(cc, "manager", { ...place, types: ["organization_manager"] });
  const developer = await userWith(cc, "developer", { ...place, types: ["space_developer"] });
  const organization = { data: { guid: organizationGuid } };

  const created = await manager.post("/v3/space_quotas", {
    name: "tight",
    routes: { total_routes: 1 },
    relationships: { organization },
  });
  assert.equal(created.status, 201, created.text);
  const { guid } = created.json;
  const path = `/v3/space_quotas/${guid}`;
  assert.deepEqual(created.json.relationships, { organization, spaces: { data: [] } });
  assert.equal("domains" in created.json, false);
  assert.equal((await developer.get(path)).status, 404);
  const twice = await manager.post("/v3/space_quotas", {
    name: "TIGHT",
    relationships: { organization },
  });
  assert.equal(twice.json.errors[0].detail, "Space Quota 'TIGHT' already exists.");

  const applied = await manager.post(`${path}/relationships/spaces`, {
    data: [{ guid: spaceGuid }],
  });
  assert.deepEqual(applied.json.data, [{ guid: spaceGuid }]);
  const space = await developer.get(`/v3/spaces/${spaceGuid}`);
  assert.deepEqual(space.json.relationships.quota, { data: { guid } });
  assert.equal(space.json.links.quota.href, `${cc.url}${path}`);
  assert.equal((await developer.get(path)).status, 200);
  const listed = await developer.get(`/v3/space_quotas?names=Tight&space_guids=${spaceGuid}`);
  assert.equal(listed.json.pagination.total_results, 1);

  const domain = (await admin.get("/v3/domains")).json.resources[0].guid;
  const route = (host: string) =>
    developer.post("/v3/routes", {
      host,
      relationships: { space: { data: { guid: spaceGuid } }, domain: { data: { guid: domain } } },
    });
  assert.equal((await route("one")).status, 201);
  assert.equal(
    (await route("two")).json.errors[0].detail,
    "Routes quota exceeded for space 'dev'.",
  );

  assert.equal((await developer.delete(path)).status, 403);
  assert.match((await manager.delete(path)).json.errors[0].detail, /^This quota is applied to one/);
  assert.equal((await manager.delete(`${path}/relationships/spaces/${spaceGuid}`)).status, 204);
  assert.equal(
    (await manager.delete(`${path}/relationships/spaces/${spaceGuid}`)).json.errors[0].detail,
    `Unable to remove quota from space with guid '${spaceGuid}'. Ensure the space quota is applied to this space.`,
  );
  assert.equal((await route("two")).status, 201);
  assert.equal((await manager.job(await manager.delete(path))).json.state, "COMPLETE");
  assert.equal((await manager.get(path)).json.errors[0].detail, "Space quota not found");
});

test("space quotas stay within their organization", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const other = (await admin.post("/v3/organizations", { name: "other" })).json.guid;
  const make = (body: object) => admin.post("/v3/space_quotas", { name: "q", ...body });
  const inOther = { organization: { data: { guid: other } } };

  const cases: [body: object, detail: string][] = [
    [{}, "Relationships 'relationships' is not an object"],
    [
      { relationships: { organization: { data: { guid: "x" } } } },
      "Organization with guid 'x' does not exist, or you do not have access to it.",
    ],
    [
      { relationships: { ...inOther, spaces: { data: [{ guid: spaceGuid }] } } },
      `Spaces with guids ["${spaceGuid}"] do not exist within the organization specified, or you do not have access to them.`,
    ],
    [
      { relationships: inOther, routes: { total_reserved_ports: 101 } },
      "Total reserved ports must be -1, 0, or a positive integer, must be less than or equal to total routes, and must be less than or equal to total reserved ports for the organization quota.",
    ],
  ];
  for (const [body, detail] of cases) {
    assert.equal((await make(body)).json.errors[0].detail, detail);
  }
  const { guid } = (await make({ relationships: inOther })).json;
  const foreign = await admin.post(`/v3/space_quotas/${guid}/relationships/spaces`, {
    data: [{ guid: spaceGuid }],
  });
  assert.equal(
    foreign.json.errors[0].detail,
    "Space quotas cannot be applied outside of their owning organization.",
  );
  const found = await admin.get(`/v3/space_quotas?organization_guids=${organizationGuid}`);
  assert.equal(found.json.pagination.total_results, 0);
});

test("a log rate limit is not laid on who has a process without one", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  await developer.createApp("chatty");
  const limited = { apps: { log_rate_limit_in_bytes_per_second: 1024 } };
  const [standard] = (await caller.get("/v3/organization_quotas")).json.resources;
  const quota = (await caller.post("/v3/organization_quotas", { name: "quiet", ...limited })).json;
  const spaceQuota = await caller.post("/v3/space_quotas", {
    name: "quiet",
    ...limited,
    relationships: { organization: { data: { guid: organizationGuid } } },
  });

  const updated = await caller.patch(`/v3/organization_quotas/${standard.guid}`, limited);
  const applied = await caller.post(
    `/v3/organization_quotas/${quota.guid}/relationships/organizations`,
    { data: [{ guid: organizationGuid }] },
  );
  const toSpace = await caller.post(
    `/v3/space_quotas/${spaceQuota.json.guid}/relationships/spaces`,
    { data: [{ guid: spaceGuid }] },
  );

  assert.equal(
    updated.json.errors[0].detail,
    "Current usage exceeds new quota values. This quota is applied to org 'rivera' which contains apps running with an unlimited log rate limit.",
  );
  assert.equal(
    applied.json.errors[0].detail,
    "Current usage exceeds new quota values. The org(s) being assigned this quota contain apps running with an unlimited log rate limit.",
  );
  assert.match(toSpace.json.errors[0].detail, /The space\(s\) being assigned this quota contain/);
});
