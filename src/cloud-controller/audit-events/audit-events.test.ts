import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet } from "../testing/app-with-droplet.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

async function eventsOf(caller: Caller, query: string) {
  return (await caller.get(`/v3/audit_events?per_page=100&${query}`)).json.resources;
}

test("organizations, spaces and roles leave their events, with what was asked for", async () => {
  await using cc = await TestCloudController.start();
  const caller = await cc.admin();
  const actor = { guid: "admin-guid", type: "user", name: "admin" };

  const created = await caller.post("/v3/organizations", { name: "acme" });
  const organizationGuid = created.json.guid;
  const organization = { organization: { data: { guid: organizationGuid } } };
  const labels = { metadata: { labels: { a: "b" } } };
  await caller.patch(`/v3/organizations/${organizationGuid}`, { name: "acme-2", ...labels });
  const made = { name: "blue", relationships: organization };
  const spaceGuid = (await caller.post("/v3/spaces", made)).json.guid;
  await caller.patch(`/v3/spaces/${spaceGuid}`, { name: "green" });
  const someone = await cc.as({ userGuid: "someone-guid", userName: "someone" });
  await someone.get("/v3/organizations");
  const user = { user: { data: { guid: "someone-guid" } } };
  const asked = { type: "organization_user", relationships: { ...user, ...organization } };
  const role = await caller.post("/v3/roles", asked);
  await caller.job(await caller.delete(`/v3/roles/${role.json.guid}`));
  await caller.job(await caller.delete(`/v3/spaces/${spaceGuid}`));
  await caller.job(await caller.delete(`/v3/organizations/${organizationGuid}`));

  const found = await eventsOf(caller, `organization_guids=${organizationGuid}`);
  const space = (name: string) => ({ guid: spaceGuid, type: "space", name });
  const named = (name: string) => ({ guid: organizationGuid, type: "organization", name });
  const person = { guid: "someone-guid", type: "user", name: "someone" };
  const expected = [
    ["audit.organization.create", named("acme"), { name: "acme" }],
    ["audit.organization.update", named("acme-2"), { name: "acme-2", ...labels }],
    ["audit.space.create", space("blue"), made],
    ["audit.space.update", space("green"), { name: "green" }],
    ["audit.user.organization_user_add", person, asked],
    ["audit.user.organization_user_remove", person, {}],
    ["audit.space.delete-request", space("green"), { recursive: true }],
    ["audit.organization.delete-request", named("acme-2"), { recursive: true }],
  ];
  assert.deepEqual(
    found.map((event: Record<string, unknown>) => [event["type"], event["target"], event["data"]]),
    expected.map(([type, target, request]) => [type, target, { request }]),
  );
  for (const event of found) {
    assert.deepEqual(event.actor, actor, event.type);
    assert.deepEqual(event.organization, { guid: organizationGuid }, event.type);
  }
  assert.deepEqual(found[2].space, { guid: spaceGuid });
  assert.equal(found[4].space, null);
});

test("no event of an app tells a command, a variable or the password of a buildpack", async () => {
  await using stage = await appWithDroplet();
  const { caller, app, cc } = stage;
  const secret = "s3cret";
  await caller.patch(`/v3/apps/${app}/environment_variables`, { var: { KEY: secret } });
  await caller.patch(`/v3/processes/${app}`, { command: `run ${secret}` });
  await caller.patch(`/v3/apps/${app}`, {
    lifecycle: {
      type: "buildpack",
      data: { buildpacks: [`https://me:${secret}@example.com/pack.git`] },
    },
  });
  await caller.post(`/v3/apps/${app}/tasks`, { command: `task ${secret}` });

  const found = await eventsOf(caller, `target_guids=${app}`);

  const requests = found
    .filter(({ type }: { type: string }) => /\.(update|task\.create)$/.test(type))
    .map(({ data }: { data: { request: unknown } }) => data.request);
  const hidden = "[PRIVATE DATA HIDDEN]";
  assert.deepEqual(requests.slice(0, 2), [{ environment_variables: hidden }, { command: hidden }]);
  assert.deepEqual(requests[2].lifecycle.data.buildpacks, ["https://***:***@example.com/pack.git"]);
  assert.equal(requests[3].command, hidden);
  assert.ok(!JSON.stringify(found).includes(secret));
  const lines = cc.logLines.map(({ payload }) => String(payload)).join("\n");
  assert.match(lines, /Updated app/);
  assert.ok(!lines.includes(secret));
});

test("an app that is deleted while it runs is told to have been stopped for it", async () => {
  await using stage = await appWithDroplet();
  const { caller, app } = stage;
  await caller.post(`/v3/apps/${app}/actions/start`);
  await caller.job(await caller.delete(`/v3/apps/${app}`));

  const types = "audit.app.delete-request,audit.app.stop,audit.app.process.delete";
  const found = await eventsOf(caller, `target_guids=${app}&types=${types}`);

  assert.deepEqual(
    found.map(({ type, data }: { type: string; data: unknown }) => [type, data]),
    [
      ["audit.app.delete-request", {}],
      ["audit.app.stop", { delete_triggered: true, reason: "stopped as part of app deletion" }],
      ["audit.app.process.delete", { process_guid: app, process_type: "web" }],
    ],
  );
});

test("events are listed by type, by target and without a target, by space and organization", async () => {
  await using stage = await appWithDroplet();
  const { caller, developer, app } = stage;
  const { spaceGuid, organizationGuid } = await firstSpace(caller);
  const other = await developer.createApp("other");
  const apps = async (query: string) => [
    ...new Set(
      (await eventsOf(caller, query)).map(
        ({ target }: { target: { guid: string } }) => target.guid,
      ),
    ),
  ];
  const created = "types=audit.app.create";
  assert.deepEqual(await apps(created), [app, other]);
  assert.deepEqual(await apps(`${created}&target_guids=${other}`), [other]);
  assert.deepEqual(await apps(`${created}&target_guids[not]=${other}`), [app]);
  assert.deepEqual(await apps(`${created}&space_guids=${spaceGuid}`), [app, other]);
  assert.deepEqual(await apps(`${created}&space_guids=elsewhere`), []);
  assert.deepEqual(await apps(`${created}&organization_guids=${organizationGuid}`), [app, other]);
  assert.deepEqual(await apps(`${created}&order_by=-created_at`), [other, app]);
  assert.equal((await caller.get("/v3/audit_events?names=x")).status, 400);
});

test("events are seen by those whose role in the space or organization lets them", async () => {
  await using stage = await appWithDroplet();
  const { cc, caller, app } = stage;
  const place = await firstSpace(caller);
  const [event] = await eventsOf(caller, `target_guids=${app}&types=audit.app.create`);
  const cases = [
    ["space_developer", true],
    ["space_auditor", true],
    ["space_supporter", true],
    ["organization_auditor", true],
    ["space_manager", false],
    ["organization_manager", false],
    ["organization_billing_manager", false],
    ["organization_user", false],
  ] as const;
  for (const [role, sees] of cases) {
    const user = await userWith(cc, role, { ...place, types: [role] });
    const listed = await eventsOf(user, `target_guids=${app}&types=audit.app.create`);
    assert.equal(listed.length, sees ? 1 : 0, role);
    const shown = await user.get(`/v3/audit_events/${event.guid}`);
    assert.equal(shown.status, sees ? 200 : 404, role);
    if (!sees) assert.equal(shown.json.errors[0].detail, "Event not found");
  }
});

test("a droplet that is made and uploaded by hand leaves two events", async () => {
  await using stage = await appWithDroplet();
  const { caller, developer, app } = stage;
  const created = await caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: app } } },
    process_types: { web: "run" },
  });
  const { guid } = created.json;
  await caller.job(
    await developer.upload(`/v3/droplets/${guid}/upload`, [
      { name: "bits", content: Buffer.from([0x1f, 0x8b, 8, 0]), filename: "droplet.tgz" },
    ]),
  );

  const found = await eventsOf(caller, "types=audit.app.droplet.create,audit.app.droplet.upload");

  const ofDroplet = found.filter(
    ({ data }: { data: { droplet_guid: string } }) => data.droplet_guid === guid,
  );
  assert.deepEqual(
    ofDroplet.map(({ type }: { type: string }) => type),
    ["audit.app.droplet.create", "audit.app.droplet.upload"],
  );
});
