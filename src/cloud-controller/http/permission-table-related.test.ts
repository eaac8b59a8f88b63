import { test } from "node:test";
import {
  appManagers,
  change,
  checkRows,
  everybody,
  made,
  managers,
  only,
  read,
  spaceReaders,
  spaceRoles,
  spaceUpdaters,
  globals,
  to,
  writers,
  type Row,
} from "../testing/permission-table.ts";
import { permissionWorld, type PermissionWorld } from "../testing/permission-world.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

// The last part of the permission table: what ties one thing to another, and what is reached by an app's type of process.

const routeReaders = [...spaceReaders, "orgAuditor"] as const;
const domainReaders = [...spaceRoles, "orgManager", "orgAuditor", ...globals] as const;
const labels = { body: () => ({ metadata: { labels: { a: "b" } } }) };

const processes: readonly Row[] = [
  { request: "GET /v3/apps/:app/processes/web", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/processes/web/stats", verdict: read(spaceReaders) },
  { request: "GET /v3/apps/:app/features/ssh", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/apps/:app/processes/web",
    verdict: change(200, appManagers, spaceReaders),
    body: () => ({}),
  },
  {
    request: "POST /v3/apps/:app/processes/web/actions/scale",
    verdict: change(202, appManagers, spaceReaders),
    body: () => ({ instances: 1, memory_in_mb: 64 }),
  },
  {
    request: "DELETE /v3/apps/:app/processes/web/instances/9",
    verdict: change(404, appManagers, spaceReaders),
  },
  ...["start", "restart"].map((action) => ({
    request: `POST /v3/apps/:app/actions/${action}`,
    verdict: change(200, appManagers, spaceReaders),
  })),
  {
    request: "POST /v3/apps/:app/actions/clear_buildpack_cache",
    verdict: change(202, appManagers, spaceReaders),
  },
  {
    request: "POST /v3/resource_matches",
    verdict: { ...everybody, ok: 201 },
    body: () => ({ resources: [{ checksum: { value: "a".repeat(40) }, size_in_bytes: 1 }] }),
  },
  { request: "GET /v3/info", verdict: everybody },
  { request: "GET /v3", verdict: everybody },
];

const operators: readonly Row[] = [
  { request: "PATCH /v3/buildpacks/:buildpack", verdict: only(200, ["admin"]), ...labels },
  { request: "POST /v3/buildpacks/:buildpack/upload", verdict: only(422, ["admin"]) },
  {
    request: "DELETE /v3/buildpacks/:subject",
    verdict: only(202, ["admin"]),
    subject: (world) => made(world, "/v3/buildpacks", (name) => ({ name })),
  },
  { request: "PATCH /v3/stacks/:stack", verdict: only(200, ["admin"]), ...labels },
  {
    request: "DELETE /v3/stacks/:subject",
    verdict: only(204, ["admin"]),
    subject: (world) => made(world, "/v3/stacks", (name) => ({ name })),
  },
  {
    request:
      "DELETE /v3/isolation_segments/:segment/relationships/organizations/:otherOrganization",
    verdict: only(204, ["admin"]),
    subject: async (world) => await entitle(world),
  },
  {
    request: "POST /v3/security_groups/:securityGroup/relationships/running_spaces",
    verdict: change(200, spaceUpdaters, spaceReaders),
    body: (world) => ({ data: [{ guid: world.space }] }),
  },
  {
    request: "DELETE /v3/security_groups/:subject/relationships/running_spaces/:space",
    verdict: change(204, spaceUpdaters, spaceReaders),
    subject: (world) => boundGroup(world, "running_spaces"),
  },
  {
    request: "DELETE /v3/security_groups/:subject/relationships/staging_spaces/:space",
    verdict: change(204, spaceUpdaters, spaceReaders),
    subject: (world) => boundGroup(world, "staging_spaces"),
  },
  {
    request: "DELETE /v3/space_quotas/:spaceQuota/relationships/spaces/:space",
    verdict: change(204, managers, spaceReaders),
    subject: async (world) => {
      const path = `/v3/space_quotas/${world.spaceQuota}/relationships/spaces`;
      await world.admin.post(path, { data: [{ guid: world.space }] });
      return "";
    },
  },
];

const routing: readonly Row[] = [
  {
    request: "PATCH /v3/routes/:route/destinations",
    verdict: change(200, appManagers, routeReaders),
    body: (world) => ({ destinations: [{ app: { guid: world.app } }] }),
  },
  {
    request: "PATCH /v3/routes/:route/destinations/:subject",
    verdict: change(200, appManagers, routeReaders),
    body: () => ({ protocol: "http1" }),
    subject: (world) => mapped(world),
  },
  {
    request: "DELETE /v3/routes/:route/destinations/:subject",
    verdict: change(204, appManagers, routeReaders),
    subject: (world) => mapped(world),
  },
  // With a space or organization that is not there: who may is told so, after the others have been turned away.
  {
    request: "POST /v3/routes/:route/relationships/shared_spaces",
    verdict: change(422, appManagers, routeReaders),
    body: () => ({ data: [{ guid: "none" }] }),
  },
  {
    request: "DELETE /v3/routes/:route/relationships/shared_spaces/none",
    verdict: change(422, appManagers, routeReaders),
  },
  {
    request: "PATCH /v3/routes/:route/relationships/space",
    verdict: change(200, writers, routeReaders),
    body: (world) => to(world.space),
  },
  {
    request: "POST /v3/domains/:privateDomain/relationships/shared_organizations",
    verdict: change(422, managers, domainReaders),
    body: () => ({ data: [{ guid: "none" }] }),
  },
  {
    request: "DELETE /v3/domains/:privateDomain/relationships/shared_organizations/none",
    verdict: { ok: 422, allowed: domainReaders, forbidden: [], otherwise: 404 },
  },
];

for (const [group, rows] of Object.entries({ processes, operators, routing })) {
  test(`each role gets what the permission table says: ${group}`, async () => {
    await using cc = await TestCloudController.start({ config: { longPollMs: 0 } });
    const world = await permissionWorld(cc);
    await world.admin.patch("/v3/feature_flags/route_sharing", { enabled: true });
    await checkRows(world, rows);
  });
}

async function mapped(world: PermissionWorld): Promise<string> {
  const answer = await world.admin.post(`/v3/routes/${world.route}/destinations`, {
    destinations: [{ app: { guid: world.app } }],
  });
  return String(answer.json.destinations[0].guid);
}

const boundGroup = (world: PermissionWorld, relationship: string) =>
  made(world, "/v3/security_groups", (name) => ({
    name,
    relationships: { [relationship]: { data: [{ guid: world.space }] } },
  }));

async function entitle(world: PermissionWorld): Promise<string> {
  const path = `/v3/isolation_segments/${world.segment}/relationships/organizations`;
  await world.admin.post(path, { data: [{ guid: world.otherOrganization }] });
  return "";
}
