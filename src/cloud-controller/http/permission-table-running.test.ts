import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { Developer } from "../testing/developer.ts";
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
  to,
  writers,
  type Row,
  type Verdict,
} from "../testing/permission-table.ts";
import { sendNonsense } from "../testing/nonsense.ts";
import { permissionWorld, type PermissionWorld } from "../testing/permission-world.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { buildZip } from "../testing/build-zip.ts";

// The second half of the permission table: what runs, and how it came to run.

/** What the rows below are about, beside the world of the other half. */
interface RunningWorld extends PermissionWorld {
  readonly readyPackage: string;
  readonly build: string;
  readonly deployment: string;
  readonly revision: string;
  readonly task: string;
  readonly sidecar: string;
  readonly policy: string;
  readonly usageEvent: string;
  readonly auditEvent: string;
  readonly job: string;
}

/** Without 403: who may not is told that it is not there, or that it cannot be used, whether it may be seen or not. */
const hidden = (ok: number, allowed: Verdict["allowed"], otherwise: 404 | 422): Verdict => ({
  ok,
  allowed,
  forbidden: [],
  otherwise,
});
const appLabels = { body: () => ({ metadata: { labels: { a: "b" } } }) };
const secretReaders = ["developer", "admin", "readOnly"] as const;

const domainReaders = [...spaceRoles, "orgManager", "orgAuditor", ...globals] as const;
const routeReaders = [...spaceReaders, "orgAuditor"] as const;

const startDeployment = async (world: PermissionWorld) =>
  made(world, "/v3/deployments", () => ({ relationships: { app: to(world.app) } }));
const startTask = async (world: PermissionWorld) => {
  const answer = await world.admin.post(`/v3/apps/${world.app}/tasks`, { command: "true" });
  assert.equal(answer.status, 202, answer.text);
  return String(answer.json.guid);
};
const makePackage = (world: PermissionWorld) =>
  made(world, "/v3/packages", () => ({ type: "bits", relationships: { app: to(world.app) } }));
const makeDroplet = (world: PermissionWorld) =>
  made(world, "/v3/droplets", () => ({ relationships: { app: to(world.app) } }));

const staging: readonly Row[] = [
  { request: "GET /v3/builds/:build", verdict: read(spaceReaders) },
  { request: "PATCH /v3/builds/:build", verdict: change(200, writers, spaceReaders), ...appLabels },
  {
    request: "POST /v3/packages/:subject/upload",
    verdict: change(422, writers, spaceReaders),
    subject: makePackage,
  },
  {
    request: "GET /v3/packages/:readyPackage/download",
    verdict: change(302, secretReaders, spaceReaders),
  },
  { request: "GET /v3/packages/:package/droplets", verdict: read(spaceReaders) },
  {
    request: "DELETE /v3/packages/:subject",
    verdict: change(202, writers, spaceReaders),
    subject: makePackage,
  },
  {
    request: "POST /v3/droplets",
    verdict: create(writers, spaceReaders),
    body: (world) => ({ relationships: { app: to(world.app) } }),
  },
  {
    request: "POST /v3/droplets/:subject/upload",
    verdict: change(422, writers, spaceReaders),
    subject: makeDroplet,
  },
  {
    request: "GET /v3/droplets/:droplet/download",
    verdict: change(
      302,
      ["developer", "manager", "auditor", "orgManager", ...globals],
      spaceReaders,
    ),
  },
  {
    request: "DELETE /v3/droplets/:subject",
    verdict: change(202, writers, spaceReaders),
    subject: makeDroplet,
  },
];

const running: readonly Row[] = [
  { request: "GET /v3/deployments", verdict: everybody },
  { request: "GET /v3/deployments/:deployment", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/deployments/:deployment",
    verdict: change(200, writers, spaceReaders),
    ...appLabels,
  },
  {
    request: "POST /v3/deployments",
    verdict: hidden(201, appManagers, 422),
    body: (world) => ({ relationships: { app: to(world.app) } }),
  },
  {
    request: "POST /v3/deployments/:subject/actions/cancel",
    verdict: hidden(200, appManagers, 404),
    subject: startDeployment,
  },
  {
    request: "POST /v3/deployments/:subject/actions/continue",
    verdict: hidden(422, appManagers, 404),
    subject: startDeployment,
  },
  { request: "GET /v3/revisions/:revision", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/revisions/:revision",
    verdict: change(200, writers, spaceReaders),
    ...appLabels,
  },
  {
    request: "GET /v3/revisions/:revision/environment_variables",
    verdict: change(200, secretReaders, spaceReaders),
  },
  { request: "GET /v3/apps/:app/revisions/deployed", verdict: read(spaceReaders) },
  { request: "GET /v3/tasks/:task", verdict: read(spaceReaders) },
  { request: "PATCH /v3/tasks/:task", verdict: change(200, writers, spaceReaders), ...appLabels },
  {
    request: "POST /v3/apps/:app/tasks",
    verdict: change(202, writers, spaceReaders),
    body: () => ({ command: "true" }),
  },
  {
    request: "POST /v3/tasks/:subject/actions/cancel",
    verdict: change(202, appManagers, spaceReaders),
    subject: startTask,
  },
  { request: "GET /v3/sidecars/:sidecar", verdict: read(spaceReaders) },
  {
    request: "PATCH /v3/sidecars/:sidecar",
    verdict: change(200, writers, spaceReaders),
    body: () => ({}),
  },
  {
    request: "DELETE /v3/sidecars/:subject",
    verdict: change(204, writers, spaceReaders),
    subject: (world) =>
      made(world, `/v3/apps/${world.app}/sidecars`, (name) => ({
        name,
        command: "run",
        process_types: ["worker"],
      })),
  },
  { request: "GET /v3/processes/:app/process_instances", verdict: read(spaceReaders) },
  { request: "GET /v3/processes/:app/sidecars", verdict: read(spaceReaders) },
  {
    request: "DELETE /v3/processes/:app/instances/9",
    verdict: change(404, appManagers, spaceReaders),
  },
  { request: "GET /v3/app_usage_events", verdict: everybody },
  { request: "GET /v3/app_usage_events/:usageEvent", verdict: read(globals) },
  {
    request: "POST /v3/app_usage_events/actions/destructively_purge_all_and_reseed",
    verdict: only(200, ["admin"]),
  },
  {
    request: "GET /v3/audit_events/:auditEvent",
    verdict: read(["developer", "auditor", "supporter", "orgAuditor", ...globals]),
  },
  { request: "GET /v3/jobs/:job", verdict: everybody },
];

const routing: readonly Row[] = [
  { request: "GET /v3/route_policies", verdict: everybody },
  { request: "GET /v3/route_policies/:policy", verdict: read(routeReaders) },
  {
    request: "PATCH /v3/route_policies/:policy",
    verdict: change(200, writers, routeReaders),
    ...appLabels,
  },
  {
    request: "POST /v3/route_policies",
    // An organization's auditor, who reads policies, does not find the route that he would protect: so in the original.
    verdict: change(201, writers, spaceReaders),
    subject: (world) => makeGuardedRoute(world),
    body: (_world, route) => ({ source: "cf:any", relationships: { route: to(route) } }),
  },
  {
    request: "DELETE /v3/route_policies/:subject",
    verdict: change(204, writers, routeReaders),
    subject: (world) => makePolicy(world),
  },
  { request: "GET /v3/domains/:domain/route_reservations", verdict: everybody },
  { request: "GET /v3/apps/:app/routes", verdict: read(spaceReaders) },
  { request: "GET /v3/routes/:route/relationships/shared_spaces", verdict: read(routeReaders) },
  {
    request: "POST /v3/domains",
    verdict: only(201, ["admin"]),
    body: (world) => ({ name: `${world.unique()}.test` }),
  },
  {
    request: "POST /v3/domains",
    verdict: create(managers, organizationReaders),
    body: (world) => ({
      name: `${world.unique()}.test`,
      relationships: { organization: to(world.organization) },
    }),
  },
  {
    request: "PATCH /v3/domains/:privateDomain",
    verdict: change(200, managers, domainReaders),
    ...appLabels,
  },
  {
    request: "DELETE /v3/domains/:subject",
    verdict: change(202, managers, domainReaders),
    subject: (world) =>
      made(world, "/v3/domains", (name) => ({
        name: `${name}.test`,
        relationships: { organization: to(world.organization) },
      })),
  },
  { request: "PATCH /v3/domains/:domain", verdict: only(200, ["admin"]), ...appLabels },
];

const manifests: readonly Row[] = [
  {
    request: "POST /v3/spaces/:space/manifest_diff",
    verdict: change(201, writers, spaceReaders),
    yaml: () => "applications: [{name: other}]",
  },
  {
    request: "POST /v3/spaces/:space/actions/apply_manifest",
    verdict: change(202, writers, spaceReaders),
    yaml: (world) => `applications: [{name: ${world.unique()}}]`,
  },
];

// Each build needs a package that no other stages.
test("whoever may not build is told that the package cannot be used", async () => {
  await using cc = await TestCloudController.start({
    bbs: new FakeBbs(),
    config: { longPollMs: 0 },
  });
  const world = await permissionWorld(cc);
  const developer = Developer.as(cc, world.admin);
  const zip = buildZip([{ name: "Procfile", content: "web: x" }]);
  const rows = [
    {
      request: "POST /v3/builds",
      verdict: hidden(201, appManagers, 422),
      body: (_: PermissionWorld, subject: string) => ({ package: { guid: subject } }),
      subject: async () => {
        const app = await developer.createApp(world.unique(), world.space);
        return String((await developer.packageOf(app, zip)).json.guid);
      },
    },
  ];

  await checkRows(world, rows);
});

for (const [group, rows] of Object.entries({ staging, running, routing, manifests })) {
  test(`each role gets what the permission table says: ${group}`, async () => {
    await using cc = await TestCloudController.start({
      bbs: new FakeBbs(),
      config: { longPollMs: 0 },
    });
    await checkRows(await runningWorld(cc), rows);
  });
}

test("nonsense in any place of a request is refused, never a failure of ours", async () => {
  await using cc = await TestCloudController.start({
    bbs: new FakeBbs(),
    config: { longPollMs: 0 },
  });
  const sent = await sendNonsense(
    await runningWorld(cc),
    [staging, running, routing, manifests].flat(),
  );
  assert.ok(sent > 500, `${sent} requests`);
});

async function makeGuardedRoute(world: PermissionWorld): Promise<string> {
  const domain = await made(world, "/v3/domains", (name) => ({
    name: `${name}.test`,
    enforce_route_policies: true,
    route_policies_scope: "any",
  }));
  return await made(world, "/v3/routes", (host) => ({
    host,
    relationships: { space: to(world.space), domain: to(domain) },
  }));
}

async function makePolicy(world: PermissionWorld): Promise<string> {
  const route = await makeGuardedRoute(world);
  return await made(world, "/v3/route_policies", () => ({
    source: "cf:any",
    relationships: { route: to(route) },
  }));
}

async function runningWorld(cc: TestCloudController): Promise<RunningWorld> {
  const world = await permissionWorld(cc);
  const { admin, app } = world;
  const developer = Developer.as(cc, admin);
  const zip = buildZip([{ name: "Procfile", content: "web: x" }]);
  const readyPackage = String((await developer.packageOf(app, zip)).json.guid);
  const build = await made(world, "/v3/builds", () => ({ package: { guid: readyPackage } }));
  await admin.patch(`/v3/apps/${app}/features/revisions`, { enabled: true });
  await admin.post(`/v3/apps/${app}/actions/start`);
  await admin.patch("/v3/feature_flags/route_sharing", { enabled: true });
  const only = async (path: string) => String((await admin.get(path)).json.resources[0].guid);
  const deleted = await admin.delete(`/v3/packages/${await makePackage(world)}`);
  const policy = await makePolicy(world);
  return {
    ...world,
    readyPackage,
    build,
    deployment: await startDeployment(world),
    revision: await only(`/v3/apps/${app}/revisions`),
    task: await startTask(world),
    sidecar: await made(world, `/v3/apps/${app}/sidecars`, (name) => ({
      name,
      command: "run",
      process_types: ["web"],
    })),
    policy,
    usageEvent: await only("/v3/app_usage_events"),
    auditEvent: await only(`/v3/audit_events?target_guids=${app}`),
    job: String(deleted.headers["location"]).split("/").at(-1) ?? "",
  };
}
