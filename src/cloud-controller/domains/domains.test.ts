import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { domainNameFaults } from "./domain-name.ts";

test("domainNameFaults() tells all that is wrong with a name", () => {
  const rfc = "Name does not comply with RFC 1035 standards";
  const dot = 'Name must contain at least one "."';
  const short = "Name is too short (minimum is 3 characters)";
  const characters = "Name must consist of alphanumeric characters and hyphens";
  const cases: [unknown, string[]][] = [
    ["a.b", []],
    ["Apps.Example-1.test", []],
    [`${"a".repeat(63)}.test`, []],
    [undefined, ["Name can't be blank", "Name must be a string", short, rfc, dot]],
    [7, ["Name must be a string"]],
    ["", ["Name can't be blank", short, rfc, dot]],
    ["localhost", [rfc, dot]],
    ["a..b", [rfc]],
    ["-a.b", [rfc]],
    ["a_b.test", [rfc, characters]],
    ["*.test", [rfc, characters]],
    [`${"a".repeat(64)}.test`, [rfc, "Name subdomains must each be at most 63 characters"]],
    ["a.".repeat(127) + "a", ["Name is too long (maximum is 253 characters)"]],
  ];
  for (const [name, faults] of cases)
    assert.deepEqual(domainNameFaults(name), faults, String(name));
});

test("private domains belong to an organization, reserve routes and go with them", async () => {
  await using cc = await TestCloudController.start();
  const { admin, organizationGuid, spaceGuid, owner } = await setting(cc);

  const domain = await admin.post("/v3/domains", { name: "Example.test", relationships: owner });
  const { guid } = domain.json;
  const apex = await admin.post("/v3/routes", {
    relationships: { space: { data: { guid: spaceGuid } }, domain: { data: { guid } } },
  });
  const reservations = `/v3/domains/${guid}/route_reservations`;
  const reserved = await admin.get(`${reservations}?host=&path=`);
  const free = await admin.get(`${reservations}?host=x`);
  const port = await admin.get(`${reservations}?port=1024`);
  const otherKeys = await admin.get(`${reservations}?colour=red`);

  assert.equal(domain.status, 201);
  assert.equal(domain.json.name, "example.test");
  assert.deepEqual(domain.json.supported_protocols, ["http"]);
  assert.deepEqual(domain.json.relationships.organization.data, { guid: organizationGuid });
  assert.equal("enforce_route_policies" in domain.json, false);
  assert.equal(apex.json.url, "example.test");
  assert.deepEqual(reserved.json, { matching_route: true });
  assert.deepEqual(free.json, { matching_route: false });
  assert.deepEqual(port.json, { matching_route: false });
  assert.deepEqual(otherKeys.json, { matching_route: true }, "keys that it does not know");
  const job = await admin.job(await admin.delete(`/v3/domains/${guid}`));
  assert.equal(job.json.state, "COMPLETE");
  assert.equal((await admin.get(`/v3/routes/${apex.json.guid}`)).status, 404);
});

test("domains that may not be are refused", async () => {
  await using cc = await TestCloudController.start();
  const { admin, owner, place } = await setting(cc);
  const strangers = (await admin.post("/v3/organizations", { name: "strangers" })).json.guid;
  const theirs = { organization: { data: { guid: strangers } } };
  await admin.post("/v3/domains", { name: "taken.test", relationships: owner });
  const [shared] = (await admin.get("/v3/domains?names=apps.localhost")).json.resources;
  await admin.post("/v3/routes", {
    host: "busy",
    relationships: {
      space: { data: { guid: place.spaceGuid } },
      domain: { data: { guid: shared.guid } },
    },
  });
  const name = "new.test";
  const reserved = (wanted: string, by: string, what: string) =>
    `The domain name "${wanted}" cannot be created because "${by}" is already reserved by ${what}`;
  const cases: [object, string][] = [
    [{ name: "TAKEN.test" }, 'The domain name "TAKEN.test" is already in use'],
    [
      { name: "a.taken.test", relationships: theirs },
      reserved("a.taken.test", "taken.test", "another domain"),
    ],
    [{ name: "a.taken.test" }, reserved("a.taken.test", "taken.test", "another domain")],
    [
      { name: "busy.apps.localhost" },
      reserved("busy.apps.localhost", "busy.apps.localhost", "a route"),
    ],
    [
      { name: "x.busy.apps.localhost" },
      reserved("x.busy.apps.localhost", "busy.apps.localhost", "a route"),
    ],
    [{ name, internal: "yes" }, "Internal must be a boolean"],
    [
      { name, relationships: {} },
      "Relationships 'relationships' must include one or more valid relationships",
    ],
    [
      { name, relationships: { shared_organizations: { data: [{ guid: strangers }] } } },
      "Relationships cannot contain shared_organizations without an owning organization.",
    ],
    [
      { name, internal: true, relationships: owner },
      "Cannot associate an internal domain with an organization",
    ],
    [
      { name, internal: true, router_group: { guid: "g" } },
      "Internal domains cannot be associated to a router group.",
    ],
    [
      { name, router_group: { guid: "g" }, relationships: owner },
      "Domains scoped to an organization cannot be associated to a router group.",
    ],
    [
      { name, enforce_route_policies: true },
      "Route policies scope is required when enforce_route_policies is true",
    ],
    [
      { name, route_policies_scope: "town" },
      "Route policies scope must be one of 'any', 'org', 'space'",
    ],
    [{ name, router_group: { guid: "g" } }, "Router group with guid 'g' not found."],
    [
      { name, relationships: { organization: { data: { guid: "nobody" } } } },
      "Organization with guid 'nobody' does not exist or you do not have access to it.",
    ],
    [
      { name, relationships: { ...owner, shared_organizations: { data: [{ guid: "nobody" }] } } },
      "Organization with guid 'nobody' does not exist, or you do not have access to it.",
    ],
    [
      {
        name,
        relationships: { ...owner, shared_organizations: { data: [owner.organization.data] } },
      },
      "Domain cannot be shared with owning organization.",
    ],
  ];
  for (const [body, detail] of cases) {
    const answer = await admin.post("/v3/domains", body);
    assert.equal(answer.status, 422, `${JSON.stringify(body)}: ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  const groups = await admin.get("/routing/v1/router_groups");
  const named = await admin.get("/routing/v1/router_groups?name=default-tcp");
  assert.deepEqual(groups.json, []);
  assert.equal(named.status, 404);
  assert.equal(named.json.message, "Router Group 'default-tcp' not found");
});

test("internal domains take no paths and no wildcards, and are no organization's default", async () => {
  await using cc = await TestCloudController.start();
  const { admin, spaceGuid, organizationGuid } = await setting(cc);
  const domain = (await admin.post("/v3/domains", { name: "apps.internal", internal: true })).json;
  const route = (body: object) =>
    admin.post("/v3/routes", {
      ...body,
      relationships: {
        space: { data: { guid: spaceGuid } },
        domain: { data: { guid: domain.guid } },
      },
    });

  const made = await route({ host: "backend" });
  const wildcard = await route({ host: "*" });
  const path = await route({ host: "backend", path: "/a" });
  const standard = await admin.get(`/v3/organizations/${organizationGuid}/domains/default`);

  assert.equal(domain.internal, true);
  assert.equal(made.json.url, "backend.apps.internal");
  assert.equal(
    wildcard.json.errors[0].detail,
    "Wildcard hosts are not supported for internal domains.",
  );
  assert.equal(path.json.errors[0].detail, "Paths are not supported for internal domains.");
  assert.equal(standard.json.name, "apps.localhost");
});

test("a domain that is shared with an organization is its own to use, until it is shared no more", async () => {
  await using cc = await TestCloudController.start();
  const { admin, owner } = await setting(cc);
  const borrowers = (await admin.post("/v3/organizations", { name: "borrowers" })).json.guid;
  const space = await admin.post("/v3/spaces", {
    name: "theirs",
    relationships: { organization: { data: { guid: borrowers } } },
  });
  const borrower = await userWith(cc, "borrower", {
    spaceGuid: space.json.guid,
    organizationGuid: borrowers,
    types: ["space_developer"],
  });
  const domain = (await admin.post("/v3/domains", { name: "lent.test", relationships: owner }))
    .json;
  const path = `/v3/domains/${domain.guid}`;
  const shares = `${path}/relationships/shared_organizations`;
  const route = (caller = borrower) =>
    caller.post("/v3/routes", {
      host: "app",
      relationships: {
        space: { data: { guid: space.json.guid } },
        domain: { data: { guid: domain.guid } },
      },
    });

  const hidden = await borrower.get(path);
  const refused = await route();
  const refusedToAdmin = await route(admin);
  const shared = await admin.post(shares, { data: [{ guid: borrowers }] });
  const seen = await borrower.get(path);
  const listed = await borrower.get(`/v3/organizations/${borrowers}/domains?names=lent.test`);
  const made = await route();
  const undeletable = await admin.delete(path);
  const inUse = await admin.delete(`${shares}/${borrowers}`);
  await admin.job(await admin.delete(`/v3/routes/${made.json.guid}`));
  const unshared = await admin.delete(`${shares}/${borrowers}`);
  const again = await admin.delete(`${shares}/${borrowers}`);

  assert.equal(hidden.status, 404);
  assert.equal(
    refused.json.errors[0].detail,
    "Invalid domain. Ensure that the domain exists and you have access to it.",
  );
  assert.equal(
    refusedToAdmin.json.errors[0].detail,
    "Invalid domain. Domain 'lent.test' is not available in organization 'borrowers'.",
  );
  assert.deepEqual(shared.json, { data: [{ guid: borrowers }] });
  assert.deepEqual(seen.json.relationships.shared_organizations.data, [{ guid: borrowers }]);
  assert.equal(listed.json.resources.length, 1);
  assert.equal(made.status, 201, made.text);
  assert.equal(
    undeletable.json.errors[0].detail,
    "This domain is shared with other organizations. Unshare before deleting.",
  );
  assert.equal(
    inUse.json.errors[0].detail,
    "This domain has associated routes in this organization. Delete the routes before unsharing.",
  );
  assert.equal(unshared.status, 204);
  assert.equal(
    again.json.errors[0].detail,
    "Unable to unshare domain from organization with name 'borrowers'. Ensure the domain is shared to this organization.",
  );
  assert.equal((await borrower.get(path)).status, 404);
});

test("who may see and change a domain", async () => {
  await using cc = await TestCloudController.start();
  const { admin, owner, place } = await setting(cc);
  const domain = (await admin.post("/v3/domains", { name: "ours.test", relationships: owner }))
    .json;
  const [shared] = (await admin.get("/v3/domains?names=apps.localhost")).json.resources;
  const label = { metadata: { labels: { a: "b" } } };
  const expected = {
    organization_manager: [200, 200, 403, 403],
    organization_auditor: [200, 403, 403, 403],
    organization_user: [404, 404, 403, 403],
    organization_billing_manager: [404, 404, 403, 403],
    space_developer: [200, 403, 403, 403],
    space_auditor: [200, 403, 403, 403],
  } as const;
  for (const [role, statuses] of Object.entries(expected)) {
    const user = await userWith(cc, role, { ...place, types: [role as keyof typeof expected] });
    const answers = [
      await user.get(`/v3/domains/${domain.guid}`),
      await user.patch(`/v3/domains/${domain.guid}`, label),
      await user.patch(`/v3/domains/${shared.guid}`, label),
      await user.post("/v3/domains", { name: "more.test" }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      statuses,
      role,
    );
    const list = await user.get("/v3/domains?names=ours.test,apps.localhost");
    assert.equal(list.json.resources.length, statuses[0] === 200 ? 2 : 1, role);
  }
});

async function setting(cc: TestCloudController) {
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const owner = { organization: { data: { guid: place.organizationGuid } } };
  return { admin, place, owner, ...place };
}
