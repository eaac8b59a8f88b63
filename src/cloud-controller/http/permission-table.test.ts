import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callerNames,
  permissionWorld,
  type CallerName,
  type PermissionWorld,
} from "../testing/permission-world.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

/** Who gets what: `allowed` get `ok`, of the others those in `forbidden` 403 and the rest `otherwise`. */
interface Verdict {
  readonly ok: number;
  readonly allowed: readonly CallerName[];
  readonly forbidden: readonly CallerName[];
  readonly otherwise: number;
}

interface Row {
  /** `METHOD /v3/path`; `:name` is a guid of the world, `:subject` what `subject` makes for each caller anew. */
  readonly request: string;
  readonly verdict: Verdict;
  readonly body?: (world: PermissionWorld) => unknown;
  readonly subject?: (world: PermissionWorld) => Promise<string>;
}

const globals = ["admin", "readOnly", "globalAuditor"] as const;
const spaceRoles = ["developer", "manager", "auditor", "supporter"] as const;
const organizationRoles = ["orgManager", "orgAuditor", "orgBilling", "orgUser"] as const;
const spaceReaders = [...spaceRoles, "orgManager", ...globals] as const;
const organizationReaders = [...spaceRoles, ...organizationRoles, ...globals] as const;
const appManagers = ["developer", "supporter", "admin"] as const;
const writers = ["developer", "admin"] as const;
const spaceUpdaters = ["manager", "orgManager", "admin"] as const;
const managers = ["orgManager", "admin"] as const;

/** What may be read by some and is not there for others. */
function read(allowed: readonly CallerName[]): Verdict {
  return { ok: 200, allowed, forbidden: [], otherwise: 404 };
}

/** What may be changed by some, only seen by others. */
function change(
  ok: number,
  allowed: readonly CallerName[],
  seenBy: readonly CallerName[],
): Verdict {
  return { ok, allowed, forbidden: seenBy, otherwise: 404 };
}

/** What is said to be forbidden to all others, whether they could see it or not. */
function only(ok: number, allowed: readonly CallerName[]): Verdict {
  return { ok, allowed, forbidden: callerNames, otherwise: 403 };
}

/** What makes something in a place: who cannot see the place has named one that is invalid. */
function create(allowed: readonly CallerName[], seenBy: readonly CallerName[]): Verdict {
  return { ok: 201, allowed, forbidden: seenBy, otherwise: 422 };
}

/** What is the same for all who are signed in. */
const everybody: Verdict = { ok: 200, allowed: callerNames, forbidden: [], otherwise: 0 };

const to = (guid: string) => ({ data: { guid } });

async function made(
  world: PermissionWorld,
  path: string,
  body: (unique: string) => object,
): Promise<string> {
  const answer = await world.admin.post(path, body(world.unique()));
  assert.equal(answer.status, 201, answer.text);
  return answer.json.guid;
}

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
    const world = await permissionWorld(cc);
    for (const row of rows) {
      const expected: Record<string, number> = {};
      const actual: Record<string, number> = {};
      for (const name of callerNames) {
        expected[name] = statusFor(row.verdict, name);
        actual[name] = await send(world, row, name);
      }
      assert.deepEqual(actual, expected, row.request);
    }
  });
}

function statusFor({ ok, allowed, forbidden, otherwise }: Verdict, name: CallerName): number {
  if (allowed.includes(name)) return ok;
  return forbidden.includes(name) ? 403 : otherwise;
}

async function send(world: PermissionWorld, row: Row, name: CallerName): Promise<number> {
  const subject = (await row.subject?.(world)) ?? "";
  const [method = "", path = ""] = row.request.split(" ");
  const guids: Readonly<Record<string, unknown>> = { ...world, subject };
  const filled = path.replace(/:(\w+)/g, (_, key: string) => String(guids[key]));
  assert(isMethod(method), row.request);
  const answer = await world.callers[name].send(method, filled, row.body?.(world));
  return answer.status;
}

function isMethod(text: string): text is "GET" | "POST" | "PATCH" | "DELETE" {
  return ["GET", "POST", "PATCH", "DELETE"].includes(text);
}
