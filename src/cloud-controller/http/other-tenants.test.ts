import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import type { Answer, Caller, TestCloudController } from "../testing/test-cloud-controller.ts";

const to = (guid: string) => ({ data: { guid } });

/** Guids of what another tenant has, one of a kind. */
interface Theirs {
  readonly organization: string;
  readonly space: string;
  readonly app: string;
  readonly package: string;
  readonly droplet: string;
  readonly build: string;
  readonly revision: string;
  readonly task: string;
  readonly deployment: string;
  readonly sidecar: string;
  readonly route: string;
  readonly domain: string;
  readonly spaceQuota: string;
  readonly segment: string;
  readonly securityGroup: string;
}

test("what another tenant has is told apart from what does not exist by nothing that a user can ask", async () => {
  await using theirApp = await RunningApp.start();
  const { cc, caller: admin } = theirApp;
  const theirs = await theirThings(theirApp);
  const { user, ours } = await ourTenant(cc, admin);

  const faults: string[] = [];
  for (const [what, kind, ask] of questions(user, ours)) {
    const guid = theirs[kind];
    const nowhere = randomUUID();
    const [there, missing] = [await ask(guid), await ask(nowhere)];
    if (there.status < 400 || there.status >= 500) faults.push(`${what}: ${there.status}`);
    const asked = (answer: Answer, named: string) =>
      `${answer.status} ${answer.text.replaceAll(named, "GUID")}`;
    const [known, unknown] = [asked(there, guid), asked(missing, nowhere)];
    if (known !== unknown) faults.push(`${what}: ${known}, but ${unknown}`);
  }
  assert.deepEqual(faults, []);
});

test("lists show nothing of another tenant's, whatever they are narrowed to", async () => {
  await using theirApp = await RunningApp.start();
  const theirs = await theirThings(theirApp);
  const { user } = await ourTenant(theirApp.cc, theirApp.caller);
  const lists = [
    `apps?guids=${theirs.app}`,
    `apps?space_guids=${theirs.space}`,
    `processes?app_guids=${theirs.app}`,
    `packages?app_guids=${theirs.app}`,
    `droplets?guids=${theirs.droplet}`,
    `builds?app_guids=${theirs.app}`,
    `tasks?app_guids=${theirs.app}`,
    `deployments?app_guids=${theirs.app}`,
    `routes?guids=${theirs.route}`,
    `routes?app_guids=${theirs.app}`,
    `domains?guids=${theirs.domain}`,
    `spaces?guids=${theirs.space}`,
    `organizations?guids=${theirs.organization}`,
    `space_quotas?guids=${theirs.spaceQuota}`,
    `isolation_segments?guids=${theirs.segment}`,
    `security_groups?guids=${theirs.securityGroup}`,
    `roles?space_guids=${theirs.space}`,
    `audit_events?target_guids=${theirs.app}`,
    `audit_events?space_guids=${theirs.space}`,
  ];

  for (const list of lists) {
    const answer = await user.get(`/v3/${list}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.resources, [], list);
    assert.equal(answer.json.pagination.total_results, 0, list);
  }
});

type Ours = Pick<Theirs, "organization" | "space" | "app" | "route" | "domain">;
type Question = readonly [what: string, kind: keyof Theirs, ask: (guid: string) => Promise<Answer>];

/**
 * By itself (read, change, delete, act), and named in what is ours. Not among them: the place of a new route, role or
 * space quota, which is 403 where it exists, as in the original (permission-table.test.ts).
 */
function questions(user: Caller, ours: Ours): readonly Question[] {
  const shown: readonly [keyof Theirs, string][] = [
    ["organization", "organizations"],
    ["space", "spaces"],
    ["app", "apps"],
    ["app", "processes"],
    ["package", "packages"],
    ["droplet", "droplets"],
    ["build", "builds"],
    ["revision", "revisions"],
    ["task", "tasks"],
    ["deployment", "deployments"],
    ["sidecar", "sidecars"],
    ["route", "routes"],
    ["domain", "domains"],
    ["spaceQuota", "space_quotas"],
    ["segment", "isolation_segments"],
    ["securityGroup", "security_groups"],
  ];
  const gets: readonly [keyof Theirs, string][] = [
    ["app", "apps/GUID/env"],
    ["app", "apps/GUID/environment_variables"],
    ["app", "apps/GUID/manifest"],
    ["app", "apps/GUID/droplets/current"],
    ["app", "apps/GUID/processes/web/stats"],
    ["app", "processes/GUID/stats"],
    ["package", "packages/GUID/download"],
    ["droplet", "droplets/GUID/download"],
    ["revision", "revisions/GUID/environment_variables"],
    ["route", "routes/GUID/destinations"],
    ["space", "spaces/GUID/features/ssh"],
    ["organization", "organizations/GUID/usage_summary"],
    ["domain", "domains/GUID/route_reservations"],
  ];
  const posts: readonly [keyof Theirs, string, unknown?][] = [
    ["app", "apps/GUID/actions/start"],
    ["app", "apps/GUID/actions/stop"],
    ["app", "processes/GUID/actions/scale", { instances: 2 }],
    ["app", "apps/GUID/tasks", { command: "x" }],
    ["app", "apps/GUID/sidecars", { name: "s", command: "x", process_types: ["web"] }],
    ["package", "packages/GUID/upload"],
    ["droplet", "droplets/GUID/upload"],
    ["task", "tasks/GUID/actions/cancel"],
    ["deployment", "deployments/GUID/actions/cancel"],
    ["route", "routes/GUID/destinations", { destinations: [{ app: { guid: ours.app } }] }],
    ["space", "spaces/GUID/manifest_diff", "applications: [{name: a}]"],
  ];
  const named: readonly [keyof Theirs, string, (guid: string) => unknown][] = [
    ["space", "apps", (guid) => ({ name: "a", relationships: { space: to(guid) } })],
    ["app", "packages", (guid) => ({ type: "bits", relationships: { app: to(guid) } })],
    ["app", "droplets", (guid) => ({ relationships: { app: to(guid) } })],
    ["app", "deployments", (guid) => ({ relationships: { app: to(guid) } })],
    ["package", "builds", (guid) => ({ package: { guid } })],
    [
      "domain",
      "routes",
      (guid) => ({ host: "h", relationships: { space: to(ours.space), domain: to(guid) } }),
    ],
    ["app", `routes/${ours.route}/destinations`, (guid) => ({ destinations: [{ app: { guid } }] })],
    [
      "droplet",
      "deployments",
      (guid) => ({ droplet: { guid }, relationships: { app: to(ours.app) } }),
    ],
    [
      "revision",
      "deployments",
      (guid) => ({ revision: { guid }, relationships: { app: to(ours.app) } }),
    ],
    [
      "app",
      `apps/${ours.app}/tasks`,
      (guid) => ({ command: "x", template: { process: { guid } } }),
    ],
    ["droplet", `apps/${ours.app}/tasks`, (guid) => ({ command: "x", droplet_guid: guid })],
    ["space", `routes/${ours.route}/relationships/shared_spaces`, (guid) => ({ data: [{ guid }] })],
    [
      "organization",
      `domains/${ours.domain}/relationships/shared_organizations`,
      (guid) => ({ data: [{ guid }] }),
    ],
    [
      "organization",
      "spaces",
      (guid) => ({ name: "s", relationships: { organization: to(guid) } }),
    ],
    [
      "organization",
      "domains",
      (guid) => ({ name: "d.test", relationships: { organization: to(guid) } }),
    ],
    [
      "securityGroup",
      "security_groups/GUID/relationships/running_spaces",
      () => ({ data: [{ guid: ours.space }] }),
    ],
    [
      "spaceQuota",
      "space_quotas/GUID/relationships/spaces",
      () => ({ data: [{ guid: ours.space }] }),
    ],
  ];
  const copies: readonly [keyof Theirs, string, object][] = [
    ["package", "packages?source_guid=GUID", { relationships: { app: to(ours.app) } }],
    ["droplet", "droplets?source_guid=GUID", { relationships: { app: to(ours.app) } }],
  ];
  const patches: readonly [keyof Theirs, string][] = [
    ["droplet", `apps/${ours.app}/relationships/current_droplet`],
    ["segment", `spaces/${ours.space}/relationships/isolation_segment`],
    ["segment", `organizations/${ours.organization}/relationships/default_isolation_segment`],
    ["space", `routes/${ours.route}/relationships/space`],
  ];
  const at = (path: string, guid: string) => `/v3/${path.replace("GUID", guid)}`;
  const yaml = { "content-type": "application/x-yaml" };
  return [
    ...shown.flatMap(([kind, path]): Question[] => [
      [`GET ${path}`, kind, (guid) => user.get(`/v3/${path}/${guid}`)],
      [`PATCH ${path}`, kind, (guid) => user.patch(`/v3/${path}/${guid}`, {})],
      [`DELETE ${path}`, kind, (guid) => user.delete(`/v3/${path}/${guid}`)],
    ]),
    ...gets.map(([kind, path]): Question => [path, kind, (guid) => user.get(at(path, guid))]),
    ...posts.map(([kind, path, body]): Question => [
      `POST ${path}`,
      kind,
      (guid) => user.send("POST", at(path, guid), body, typeof body === "string" ? yaml : {}),
    ]),
    ...named.map(([kind, path, body]): Question => [
      `POST ${path} with ${kind}`,
      kind,
      (guid) => user.post(at(path, guid), body(guid)),
    ]),
    ...copies.map(([kind, path, body]): Question => [
      path,
      kind,
      (guid) => user.post(at(path, guid), body),
    ]),
    ...patches.map(([kind, path]): Question => [
      `PATCH ${path}`,
      kind,
      (guid) => user.patch(`/v3/${path}`, to(guid)),
    ]),
  ];
}

/** A user with all that one may be in an organization of two, with a space and an app there. */
async function ourTenant(
  cc: TestCloudController,
  admin: Caller,
): Promise<{ readonly user: Caller; readonly ours: Ours }> {
  await admin.patch("/v3/feature_flags/route_sharing", { enabled: true });
  const organization = await made(admin.post("/v3/organizations", { name: "ours" }));
  const space = await made(
    admin.post("/v3/spaces", { name: "ours", relationships: { organization: to(organization) } }),
  );
  const user = await userWith(cc, "our", {
    organizationGuid: organization,
    spaceGuid: space,
    types: ["organization_manager", "space_developer", "space_manager"],
  });
  const app = await Developer.as(cc, user).createApp("ours", space);
  const domain = await made(
    user.post("/v3/domains", {
      name: "ours.test",
      relationships: { organization: to(organization) },
    }),
  );
  const route = await made(
    user.post("/v3/routes", { host: "h", relationships: { space: to(space), domain: to(domain) } }),
  );
  return { user, ours: { organization, space, app, domain, route } };
}

async function theirThings(running: RunningApp): Promise<Theirs> {
  const { caller: admin, guid: app, developer } = running;
  const { spaceGuid: space, organizationGuid: organization } = await firstSpace(admin);
  const relationships = { organization: to(organization) };
  const domain = await made(admin.post("/v3/domains", { name: "theirs.test", relationships }));
  const segment = await made(admin.post("/v3/isolation_segments", { name: "theirs" }));
  await admin.post(`/v3/isolation_segments/${segment}/relationships/organizations`, {
    data: [{ guid: organization }],
  });
  const bits = await developer.packageOf(app, buildZip([{ name: "a", content: "x" }]));
  const [revision] = (await admin.get(`/v3/apps/${app}/revisions`)).json.resources;
  return {
    organization,
    space,
    app,
    domain,
    segment,
    package: bits.json.guid,
    droplet: (await admin.get(`/v3/apps/${app}/droplets/current`)).json.guid,
    build: await made(developer.build(bits.json.guid)),
    revision: revision.guid,
    task: await made(admin.post(`/v3/apps/${app}/tasks`, { command: "x" })),
    deployment: await made(admin.post("/v3/deployments", { relationships: { app: to(app) } })),
    sidecar: await made(
      admin.post(`/v3/apps/${app}/sidecars`, {
        name: "s",
        command: "x",
        process_types: ["web"],
      }),
    ),
    route: await made(
      admin.post("/v3/routes", {
        host: "theirs",
        relationships: { space: to(space), domain: to(domain) },
      }),
    ),
    spaceQuota: await made(admin.post("/v3/space_quotas", { name: "theirs", relationships })),
    securityGroup: await made(
      admin.post("/v3/security_groups", {
        name: "theirs",
        relationships: { running_spaces: { data: [{ guid: space }] } },
      }),
    ),
  };
}

async function made(answer: Promise<Answer>): Promise<string> {
  const { status, text, json } = await answer;
  if (status >= 300) throw new Error(`not made: ${status} ${text}`);
  return json.guid;
}
