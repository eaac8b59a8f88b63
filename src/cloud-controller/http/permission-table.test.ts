import assert from "node:assert/strict";
import { test } from "node:test";
import {
  appManagers,
  change,
  checkRows,
  create,
  everybody,
  globals,
  made,
  managers,
  only,
  organizationReaders,
  read,
  spaceReaders,
  spaceRoles,
  spaceUpdaters,
  to,
  writers,
  type Row,
} from "../testing/permission-table.ts";
import { sendNonsense } from "../testing/nonsense.ts";
import { permissionWorld, type PermissionWorld } from "../testing/permission-world.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const makeSpace = (world: PermissionWorld) =>
  made(world, "/v3/spaces", (name) => ({
    name,
    relationships: { organization: to(world.organization) },
  }));
const makeApp = (world: PermissionWorld) =>
  made(world, "/v3/apps", (name) => ({ name, relationships: { space: to(world.space) } }));
const makeRoute = (world: PermissionWorld) =>
  made(world, "/v3/routes", (host) => ({
    host,
    relationships: { space: to(world.space), domain: to(world.domain) },
  }));
const makeSpaceQuota = (world: PermissionWorld) =>
  made(world, "/v3/space_quotas", (name) => ({
    name,
    relationships: { organization: to(world.organization) },
  }));
const makeNamed = (path: string) => (world: PermissionWorld) =>
  made(world, path, (name) => ({ name }));
const makeSpaceRole = async (world: PermissionWorld) => {
  const user = world.unique();
  const member = { type: "organization_user", relationships: {} };
  const organization = to(world.organization);
  await world.admin.post("/v3/roles", {
    ...member,
    relationships: { user: to(user), organization },
  });
  return await made(world, "/v3/roles", () => ({
    type: "space_auditor",
    relationships: { user: to(user), space: to(world.space) },
  }));
};

const organizations: readonly Row[] = [
  { request: "GET /v3/organizations", verdict: everybody },
  {
    request: "POST /v3/organizations",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  { request: "GET /v3/organizations/:organization", verdict: read(organizationReaders) },
  {
    request: "PATCH /v3/organizations/:organization",
    verdict: change(200, managers, organizationReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  {
    request: "DELETE /v3/organizations/:subject",
    verdict: change(202, ["admin"], ["readOnly", "globalAuditor"]),
    subject: makeNamed("/v3/organizations"),
  },
  { request: "GET /v3/organizations/:organization/domains", verdict: read(organizationReaders) },
  {
    request: "GET /v3/organizations/:organization/domains/default",
    verdict: read(organizationReaders),
  },
  { request: "GET /v3/organizations/:organization/users", verdict: read(organizationReaders) },
  {
    request: "GET /v3/organizations/:organization/usage_summary",
    verdict: read(organizationReaders),
  },
  {
    request: "GET /v3/organizations/:organization/relationships/default_isolation_segment",
    verdict: read(organizationReaders),
  },
  {
    request: "PATCH /v3/organizations/:organization/relationships/default_isolation_segment",
    verdict: change(200, managers, organizationReaders),
    body: () => ({ data: null }),
  },
];

const spaces: readonly Row[] = [
  { request: "GET /v3/spaces", verdict: everybody },
  {
    request: "POST /v3/spaces",
    verdict: create(managers, organizationReaders),
    body: (world) => ({
      name: world.unique(),
      relationships: { organization: to(world.organization) },
    }),
  },
  { request: "GET /v3/spaces/:space", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/spaces/:space",
    verdict: change(200, spaceUpdaters, spaceReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  {
    request: "DELETE /v3/spaces/:subject",
    verdict: change(202, managers, ["readOnly", "globalAuditor"]),
    subject: makeSpace,
  },
  { request: "GET /v3/spaces/:space/running_security_groups", verdict: read(spaceReaders) },
  { request: "GET /v3/spaces/:space/staging_security_groups", verdict: read(spaceReaders) },
  { request: "GET /v3/spaces/:space/users", verdict: read(spaceReaders) },
  { request: "GET /v3/spaces/:space/usage_summary", verdict: read(spaceReaders) },
  { request: "GET /v3/spaces/:space/features", verdict: read(spaceReaders) },
  { request: "GET /v3/spaces/:space/features/ssh", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/spaces/:space/features/ssh",
    verdict: change(200, spaceUpdaters, spaceReaders),
    body: () => ({ enabled: true }),
  },
  { request: "GET /v3/spaces/:space/relationships/isolation_segment", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/spaces/:space/relationships/isolation_segment",
    verdict: change(200, managers, spaceReaders),
    body: () => ({ data: null }),
  },
  {
    request: "DELETE /v3/spaces/:space/routes?unmapped=true",
    verdict: change(202, appManagers, spaceReaders),
  },
];

const quotas: readonly Row[] = [
  { request: "GET /v3/organization_quotas", verdict: everybody },
  { request: "GET /v3/organization_quotas/:organizationQuota", verdict: everybody },
  {
    request: "POST /v3/organization_quotas",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  {
    request: "PATCH /v3/organization_quotas/:organizationQuota",
    verdict: only(200, ["admin"]),
    body: () => ({}),
  },
  {
    request: "DELETE /v3/organization_quotas/:subject",
    verdict: only(202, ["admin"]),
    subject: makeNamed("/v3/organization_quotas"),
  },
  {
    request: "POST /v3/organization_quotas/:organizationQuota/relationships/organizations",
    verdict: only(200, ["admin"]),
    body: (world) => ({ data: [{ guid: world.organization }] }),
  },
  { request: "GET /v3/space_quotas", verdict: everybody },
  { request: "GET /v3/space_quotas/:spaceQuota", verdict: read(spaceReaders) },
  {
    request: "POST /v3/space_quotas",
    verdict: only(201, managers),
    body: (world) => ({
      name: world.unique(),
      relationships: { organization: to(world.organization) },
    }),
  },
  {
    request: "PATCH /v3/space_quotas/:spaceQuota",
    verdict: change(200, managers, spaceReaders),
    body: () => ({}),
  },
  {
    request: "DELETE /v3/space_quotas/:subject",
    verdict: change(202, managers, ["readOnly", "globalAuditor"]),
    subject: makeSpaceQuota,
  },
  {
    request: "POST /v3/space_quotas/:spaceQuota/relationships/spaces",
    verdict: change(200, managers, spaceReaders),
    body: (world) => ({ data: [{ guid: world.space }] }),
  },
];

const usersAndRoles: readonly Row[] = [
  { request: "GET /v3/users", verdict: everybody },
  { request: "GET /v3/users/:member", verdict: read(organizationReaders) },
  {
    request: "POST /v3/users",
    verdict: only(201, ["admin"]),
    body: (world) => ({ guid: world.unique() }),
  },
  {
    request: "PATCH /v3/users/:member",
    verdict: change(200, ["admin"], organizationReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  {
    request: "DELETE /v3/users/:subject",
    verdict: change(202, ["admin"], ["readOnly", "globalAuditor"]),
    subject: (world) => made(world, "/v3/users", (guid) => ({ guid })),
  },
  { request: "GET /v3/roles", verdict: everybody },
  { request: "GET /v3/roles/:memberRole", verdict: read(organizationReaders) },
  {
    request: "POST /v3/roles",
    verdict: only(201, managers),
    body: (world) => ({
      type: "organization_user",
      relationships: { user: to(world.unique()), organization: to(world.organization) },
    }),
  },
  {
    request: "DELETE /v3/roles/:subject",
    verdict: change(202, spaceUpdaters, spaceReaders),
    subject: makeSpaceRole,
  },
];

const operators: readonly Row[] = [
  { request: "GET /rivera/v1/metrics", verdict: only(200, globals) },
  { request: "GET /v3/isolation_segments", verdict: everybody },
  { request: "GET /v3/isolation_segments/:segment", verdict: read(organizationReaders) },
  {
    request: "GET /v3/isolation_segments/:segment/organizations",
    verdict: read(organizationReaders),
  },
  {
    request: "GET /v3/isolation_segments/:segment/relationships/organizations",
    verdict: read(organizationReaders),
  },
  {
    request: "GET /v3/isolation_segments/:segment/relationships/spaces",
    verdict: read(organizationReaders),
  },
  {
    request: "POST /v3/isolation_segments",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  {
    request: "PATCH /v3/isolation_segments/:segment",
    verdict: only(200, ["admin"]),
    body: () => ({}),
  },
  {
    request: "DELETE /v3/isolation_segments/:subject",
    verdict: only(204, ["admin"]),
    subject: makeNamed("/v3/isolation_segments"),
  },
  {
    request: "POST /v3/isolation_segments/:segment/relationships/organizations",
    verdict: only(200, ["admin"]),
    body: (world) => ({ data: [{ guid: world.organization }] }),
  },
  { request: "GET /v3/security_groups", verdict: everybody },
  { request: "GET /v3/security_groups/:securityGroup", verdict: read(spaceReaders) },
  {
    request: "POST /v3/security_groups",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  {
    request: "PATCH /v3/security_groups/:securityGroup",
    verdict: change(200, ["admin"], spaceReaders),
    body: () => ({}),
  },
  {
    request: "DELETE /v3/security_groups/:subject",
    verdict: change(202, ["admin"], ["readOnly", "globalAuditor"]),
    subject: makeNamed("/v3/security_groups"),
  },
  {
    request: "POST /v3/security_groups/:securityGroup/relationships/staging_spaces",
    verdict: change(200, spaceUpdaters, spaceReaders),
    body: (world) => ({ data: [{ guid: world.space }] }),
  },
  { request: "GET /v3/feature_flags", verdict: everybody },
  { request: "GET /v3/feature_flags/app_scaling", verdict: everybody },
  {
    request: "PATCH /v3/feature_flags/app_scaling",
    verdict: only(200, ["admin"]),
    body: () => ({ enabled: true }),
  },
  { request: "GET /v3/environment_variable_groups/running", verdict: everybody },
  {
    request: "PATCH /v3/environment_variable_groups/running",
    verdict: only(200, ["admin"]),
    body: () => ({ var: {} }),
  },
  { request: "GET /v3/stacks", verdict: everybody },
  { request: "GET /v3/stacks/:stack", verdict: everybody },
  { request: "GET /v3/stacks/:stack/apps", verdict: everybody },
  {
    request: "POST /v3/stacks",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  { request: "GET /v3/buildpacks", verdict: everybody },
  { request: "GET /v3/buildpacks/:buildpack", verdict: everybody },
  {
    request: "POST /v3/buildpacks",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: world.unique() }),
  },
  { request: "GET /v3/info/usage_summary", verdict: read(globals) },
  { request: "POST /v3/admin/actions/clear_buildpack_cache", verdict: only(202, ["admin"]) },
];

const apps: readonly Row[] = [
  { request: "GET /v3/apps", verdict: everybody },
  {
    request: "POST /v3/apps",
    verdict: create(writers, spaceReaders),
    body: (world) => ({ name: world.unique(), relationships: { space: to(world.space) } }),
  },
  { request: "GET /v3/apps/:app", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/apps/:app",
    verdict: change(200, writers, spaceReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  {
    request: "DELETE /v3/apps/:subject",
    verdict: change(202, writers, spaceReaders),
    subject: makeApp,
  },
  {
    request: "POST /v3/apps/:app/actions/stop",
    verdict: change(200, appManagers, spaceReaders),
  },
  {
    request: "GET /v3/apps/:app/env",
    verdict: change(200, ["developer", "supporter", "admin", "readOnly"], spaceReaders),
  },
  {
    request: "GET /v3/apps/:app/environment_variables",
    verdict: change(200, ["developer", "supporter", "admin", "readOnly"], spaceReaders),
  },
  {
    request: "PATCH /v3/apps/:app/environment_variables",
    verdict: change(200, appManagers, spaceReaders),
    body: () => ({ var: { A: "1" } }),
  },
  {
    request: "GET /v3/apps/:app/manifest",
    verdict: change(200, ["developer", "admin", "readOnly"], spaceReaders),
  },
  { request: "GET /v3/apps/:app/relationships/current_droplet", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/apps/:app/relationships/current_droplet",
    verdict: change(200, appManagers, spaceReaders),
    body: (world) => ({ data: { guid: world.droplet } }),
  },
  { request: "GET /v3/apps/:app/droplets/current", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/features", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/apps/:app/features/ssh",
    verdict: change(200, writers, spaceReaders),
    body: () => ({ enabled: true }),
  },
  {
    request: "PATCH /v3/apps/:app/features/revisions",
    verdict: change(200, appManagers, spaceReaders),
    body: () => ({ enabled: true }),
  },
  { request: "GET /v3/apps/:app/ssh_enabled", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/permissions", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/processes", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/packages", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/builds", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/droplets", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/tasks", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/revisions", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/sidecars", verdict: read(spaceReaders) },
  {
    request: "POST /v3/apps/:app/sidecars",
    verdict: change(201, writers, spaceReaders),
    body: (world) => ({ name: world.unique(), command: "run", process_types: ["worker"] }),
  },
  { request: "GET /v3/processes", verdict: everybody },
  { request: "GET /v3/processes/:app", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/processes/:app",
    verdict: change(200, appManagers, spaceReaders),
    body: () => ({}),
  },
  { request: "GET /v3/processes/:app/stats", verdict: read(spaceReaders) },
  {
    request: "POST /v3/processes/:app/actions/scale",
    verdict: change(202, appManagers, spaceReaders),
    body: () => ({}),
  },
  { request: "GET /v3/packages", verdict: everybody },
  {
    request: "POST /v3/packages",
    verdict: create(writers, spaceReaders),
    body: (world) => ({ type: "bits", relationships: { app: to(world.app) } }),
  },
  { request: "GET /v3/packages/:package", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/packages/:package",
    verdict: change(200, writers, spaceReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  { request: "GET /v3/droplets", verdict: everybody },
  { request: "GET /v3/droplets/:droplet", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/droplets/:droplet",
    verdict: change(200, writers, spaceReaders),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  { request: "GET /v3/builds", verdict: everybody },
  { request: "GET /v3/tasks", verdict: everybody },
  { request: "GET /v3/audit_events", verdict: everybody },
];

const routing: readonly Row[] = [
  { request: "GET /v3/domains", verdict: everybody },
  { request: "GET /v3/domains/:domain", verdict: everybody },
  {
    request: "GET /v3/domains/:privateDomain",
    verdict: read([...spaceRoles, "orgManager", "orgAuditor", ...globals]),
  },
  { request: "GET /v3/routes", verdict: everybody },
  { request: "GET /v3/routes/:route", verdict: read([...spaceReaders, "orgAuditor"]) },
  {
    request: "POST /v3/routes",
    verdict: only(201, appManagers),
    body: (world) => ({
      host: world.unique(),
      relationships: { space: to(world.space), domain: to(world.domain) },
    }),
  },
  {
    request: "PATCH /v3/routes/:route",
    verdict: change(200, appManagers, [...spaceReaders, "orgAuditor"]),
    body: () => ({ metadata: { labels: { a: "b" } } }),
  },
  {
    request: "DELETE /v3/routes/:subject",
    verdict: change(202, appManagers, [...spaceReaders, "orgAuditor"]),
    subject: makeRoute,
  },
  {
    request: "GET /v3/routes/:route/destinations",
    verdict: read([...spaceReaders, "orgAuditor"]),
  },
  {
    request: "POST /v3/routes/:route/destinations",
    verdict: change(200, appManagers, [...spaceReaders, "orgAuditor"]),
    body: (world) => ({ destinations: [{ app: { guid: world.app } }] }),
  },
];

const groups = { organizations, spaces, quotas, usersAndRoles, operators, apps, routing };

for (const [group, rows] of Object.entries(groups)) {
  test(`each role gets what the permission table says: ${group}`, async () => {
    await using cc = await TestCloudController.start();
    await checkRows(await permissionWorld(cc), rows);
  });
}

test("nonsense in any place of a request is refused, never a failure of ours", async () => {
  await using cc = await TestCloudController.start({ config: { longPollMs: 0 } });
  const sent = await sendNonsense(await permissionWorld(cc), Object.values(groups).flat());
  assert.ok(sent > 500, `${sent} requests`);
});
