import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoleType } from "../roles/role-table.ts";
import { Developer } from "../testing/developer.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";
import { isGranted, type Action } from "./permissions.ts";

const roles = [
  "space_developer",
  "space_manager",
  "space_auditor",
  "space_supporter",
  "organization_manager",
  "organization_auditor",
  "organization_user",
  "organization_billing_manager",
] as const satisfies readonly RoleType[];

test("each role may do exactly what Cloud Controller's permissions say", () => {
  // Columns: developer, manager, auditor, supporter of the space; manager, auditor, user, billing manager of the org.
  const table: Record<Action, string> = {
    "space.read": "yyyyy---",
    "space.member": "yyyy----",
    "space.write": "y-------",
    "apps.manage": "y--y----",
    "secrets.read": "y-------",
    "environment.read": "y--y----",
    "droplet.download": "yyy-y---",
    "routes.read": "yyyyyy--",
    "routes.manage": "y--y----",
    "audit-events.read": "y-yy-y--",
    "space.update": "-y--y---",
    "space.delete": "----y---",
    "space.isolate": "----y---",
    "domains.read": "yyyyyy--",
    "organization.read": "----yyyy",
    "organization.update": "----y---",
    "platform.manage": "--------",
    "platform.read": "--------",
  };
  for (const [action, row] of Object.entries(table) as [Action, string][]) {
    const actual = roles
      .map((role) => (isGranted(action, { global: [], roles: [role] }) ? "y" : "-"))
      .join("");
    assert.equal(actual, row, action);
    assert.equal(isGranted(action, { global: ["admin"], roles: [] }), true, action);
  }
  assert.equal(isGranted("space.write", { global: ["admin_read_only"], roles: [] }), false);
  assert.equal(isGranted("secrets.read", { global: ["global_auditor"], roles: [] }), false);
  assert.equal(isGranted("secrets.read", { global: ["admin_read_only"], roles: [] }), true);
});

test("requests of each role in its own space get what the rules say", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const guid = await (await Developer.admin(cc)).createApp("app");
  const requests: Record<string, (caller: Caller) => Promise<{ status: number }>> = {
    "GET app": (caller) => caller.get(`/v3/apps/${guid}`),
    "PATCH app": (caller) => caller.patch(`/v3/apps/${guid}`, { name: "app" }),
    start: (caller) => caller.post(`/v3/apps/${guid}/actions/stop`),
    env: (caller) => caller.get(`/v3/apps/${guid}/env`),
    manifest: (caller) => caller.get(`/v3/apps/${guid}/manifest`),
    space: (caller) => caller.get(`/v3/spaces/${place.spaceGuid}`),
    "PATCH space": (caller) => caller.patch(`/v3/spaces/${place.spaceGuid}`, { name: "dev" }),
    org: (caller) => caller.get(`/v3/organizations/${place.organizationGuid}`),
    "POST space": (caller) =>
      caller.post("/v3/spaces", {
        name: "dev",
        relationships: { organization: { data: { guid: place.organizationGuid } } },
      }),
    "POST org": (caller) => caller.post("/v3/organizations", { name: "mine" }),
  };
  const expected: Record<string, readonly number[]> = {
    //                 GET  PATCH stop env  mani  spc  PSpc org  +spc +org
    space_developer: [200, 200, 200, 200, 200, 200, 403, 200, 403, 403],
    space_manager: [200, 403, 403, 403, 403, 200, 200, 200, 403, 403],
    space_auditor: [200, 403, 403, 403, 403, 200, 403, 200, 403, 403],
    space_supporter: [200, 403, 200, 200, 403, 200, 403, 200, 403, 403],
    organization_manager: [200, 403, 403, 403, 403, 200, 200, 200, 422, 403],
    organization_auditor: [404, 404, 404, 404, 404, 404, 404, 200, 403, 403],
    organization_user: [404, 404, 404, 404, 404, 404, 404, 200, 403, 403],
    none: [404, 404, 404, 404, 404, 404, 404, 404, 422, 403],
  };
  for (const [role, statuses] of Object.entries(expected)) {
    const types = roles.filter((candidate) => candidate === role);
    const user = await userWith(cc, role, { ...place, types });
    const actual: number[] = [];
    for (const request of Object.values(requests)) actual.push((await request(user)).status);
    assert.deepEqual(actual, statuses, role);
  }
});

test("lists show what a user may see and nothing else", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  await (await Developer.admin(cc)).createApp("app");
  const insider = await userWith(cc, "insider", { ...place, types: ["space_auditor"] });
  const outsider = await userWith(cc, "outsider", { ...place, types: [] });
  const readOnly = await cc.as({ userGuid: "ro", scopes: ["cloud_controller.admin_read_only"] });

  for (const path of [
    "/v3/apps",
    "/v3/spaces",
    "/v3/organizations",
    "/v3/processes",
    "/v3/audit_events?types=audit.app.create",
  ]) {
    const totals = [];
    for (const caller of [insider, outsider, readOnly]) {
      totals.push((await caller.get(path)).json.pagination.total_results);
    }
    assert.deepEqual(totals, [1, 0, 1], path);
  }
  const write = await readOnly.post("/v3/organizations", { name: "x" });
  assert.equal(write.status, 403);
  const users = await outsider.get("/v3/users");
  assert.deepEqual(
    users.json.resources.map((user: { guid: string }) => user.guid),
    ["outsider-guid"],
  );
});

test("an app of another tenant looks like one that does not exist", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const guid = await (await Developer.admin(cc)).createApp("secret");
  const stranger = await userWith(cc, "stranger", { ...place, types: [] });

  const there = await stranger.get(`/v3/apps/${guid}`);
  const nowhere = await stranger.get("/v3/apps/00000000-0000-4000-8000-000000000000");
  const odd = await stranger.get("/v3/apps/..%2f'%20or%201=1");

  assert.equal(there.status, 404);
  assert.deepEqual(there.json, nowhere.json);
  assert.deepEqual(odd.json, nowhere.json);
});

test("who may no longer write in a suspended organization is told so", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const developer = await userWith(cc, "dev", { ...place, types: ["space_developer"] });
  await admin.patch(`/v3/organizations/${place.organizationGuid}`, { suspended: true });
  const body = { name: "x", relationships: { space: { data: { guid: place.spaceGuid } } } };

  const refused = await developer.post("/v3/apps", body);
  const allowed = await admin.post("/v3/apps", body);

  assert.equal(refused.json.errors[0].title, "CF-OrgSuspended");
  assert.equal(allowed.status, 201);
});
