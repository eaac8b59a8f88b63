import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController, type Answer } from "../testing/test-cloud-controller.ts";

const to = (guid: string) => ({ data: { guid } });
const unprocessable = [10008, "CF-UnprocessableEntity"] as const;

test("of many creations of one thing at once exactly one succeeds, the others hear that it is there", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const app = await developer.createApp("app");
  const [shared] = (await admin.get("/v3/domains?names=apps.localhost")).json.resources;
  const enforcing = await admin.post("/v3/domains", {
    name: "policed.test",
    enforce_route_policies: true,
    route_policies_scope: "any",
  });
  const policed = await admin.post("/v3/routes", {
    host: "policed",
    relationships: { space: to(spaceGuid), domain: to(enforcing.json.guid) },
  });
  await admin.post("/v3/users", { guid: "member" });
  const route = { space: to(spaceGuid), domain: to(shared.guid) };
  const cases: [string, unknown, readonly [number, string], string][] = [
    [
      "apps",
      { name: "same", relationships: { space: to(spaceGuid) } },
      [10016, "CF-UniquenessError"],
      "App with the name 'same' already exists.",
    ],
    ["organizations", { name: "same" }, unprocessable, "Organization 'same' already exists."],
    [
      "spaces",
      { name: "same", relationships: { organization: to(organizationGuid) } },
      unprocessable,
      "Name must be unique per organization",
    ],
    [
      "domains",
      { name: "same.test" },
      unprocessable,
      'The domain name "same.test" is already in use',
    ],
    [
      "routes",
      { host: "same", relationships: route },
      unprocessable,
      "Route already exists with host 'same' for domain 'apps.localhost'.",
    ],
    [
      "routes",
      { host: "same", path: "/here", relationships: route },
      unprocessable,
      "Route already exists with host 'same' and path '/here' for domain 'apps.localhost'.",
    ],
    [
      "route_policies",
      { source: "cf:any", relationships: { route: to(policed.json.guid) } },
      unprocessable,
      "A route policy with source 'cf:any' already exists for this route.",
    ],
    [
      "organization_quotas",
      { name: "same" },
      unprocessable,
      "Organization Quota 'same' already exists.",
    ],
    [
      "space_quotas",
      { name: "same", relationships: { organization: to(organizationGuid) } },
      unprocessable,
      "Space Quota 'same' already exists.",
    ],
    [
      "security_groups",
      { name: "same" },
      unprocessable,
      "Security group with name 'same' already exists.",
    ],
    [
      "isolation_segments",
      { name: "same" },
      unprocessable,
      "Isolation Segment names are case insensitive and must be unique",
    ],
    [
      "buildpacks",
      { name: "same" },
      unprocessable,
      "Buildpack with name 'same' and an unassigned stack already exists",
    ],
    ["stacks", { name: "same" }, unprocessable, "Name must be unique"],
    ["users", { guid: "same" }, unprocessable, "User with guid 'same' already exists."],
    [
      "roles",
      {
        type: "organization_manager",
        relationships: { user: to("member"), organization: to(organizationGuid) },
      },
      unprocessable,
      "User 'member' already has 'organization_manager' role in organization 'rivera'.",
    ],
    [
      `apps/${app}/sidecars`,
      { name: "same", command: "x", process_types: ["web"] },
      unprocessable,
      "Sidecar with name 'same' already exists for given app",
    ],
  ];
  for (const [resource, body, [code, title], detail] of cases) {
    const answers = await tenTimes(() => admin.post(`/v3/${resource}`, body));

    const lost = answers.filter(({ status }) => status !== 201);
    assert.equal(lost.length, 9, `${resource}: ${lost[0]?.text}`);
    for (const answer of lost) {
      assert.equal(answer.status, 422, answer.text);
      assert.deepEqual(answer.json, { errors: [{ code, title, detail }] });
    }
  }
});

test("of many that take one name at once exactly one gets it, and the others keep theirs", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const inSpace = { relationships: { space: to(spaceGuid) } };
  const inOrganization = { relationships: { organization: to(organizationGuid) } };
  const cases: [string, object, string][] = [
    ["apps", inSpace, "App with the name 'wanted' already exists."],
    ["organizations", {}, "Organization name 'wanted' is already taken."],
    [
      "spaces",
      inOrganization,
      "Organization 'rivera' already contains a space with name 'wanted'.",
    ],
    ["organization_quotas", {}, "Organization Quota 'wanted' already exists."],
    ["space_quotas", inOrganization, "Space Quota 'wanted' already exists."],
    ["security_groups", {}, "Security group with name 'wanted' already exists."],
    ["isolation_segments", {}, "Isolation Segment names are case insensitive and must be unique"],
    ["buildpacks", {}, "Buildpack with name 'wanted' and an unassigned stack already exists"],
  ];
  for (const [resource, body, detail] of cases) {
    const guids: string[] = [];
    for (const name of ["a", "b", "c", "d"]) {
      const made = await admin.post(`/v3/${resource}`, { ...body, name });
      assert.equal(made.status, 201, made.text);
      guids.push(made.json.guid);
    }

    const answers = await Promise.all(
      guids.map((guid) => admin.patch(`/v3/${resource}/${guid}`, { name: "wanted" })),
    );

    const lost = answers.filter(({ status }) => status !== 200);
    assert.deepEqual(
      lost.map(({ status, json }) => [status, json.errors[0].detail]),
      [1, 2, 3].map(() => [422, detail]),
      resource,
    );
    const list = await admin.get(`/v3/${resource}?guids=${guids.join(",")}`);
    const names = list.json.resources.map(({ name }: { name: string }) => name);
    assert.equal(names.filter((name: string) => name === "wanted").length, 1, resource);
  }
});

test("two manifests of one new app at once make one app", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);

  const answers = await tenTimes(() =>
    admin.send(
      "POST",
      `/v3/spaces/${spaceGuid}/actions/apply_manifest`,
      "applications: [{name: same, memory: 64M, default-route: true}]",
      { "content-type": "application/x-yaml" },
    ),
  );

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
  for (const answer of answers) assert.equal((await admin.job(answer)).json.state, "COMPLETE");
  assert.equal((await admin.get("/v3/apps?names=same")).json.resources.length, 1);
  assert.equal((await admin.get("/v3/routes?hosts=same")).json.resources.length, 1);
});

function tenTimes(make: () => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: 10 }, make));
}
