import assert from "node:assert/strict";
import { test } from "node:test";
import { packagedApp } from "../testing/staged-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { TestCloudController, type Caller } from "../testing/test-cloud-controller.ts";

const web = { protocol: "tcp", destination: "10.1.0.0/16", ports: "443", description: "web" };

function namesOf(answer: { readonly json: { resources: { name: string }[] } }): string[] {
  return answer.json.resources.map(({ name }) => name);
}

test("a security group is made, changed, bound to spaces and taken away", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);

  const created = await admin.post("/v3/security_groups", {
    name: "web",
    rules: [web],
    relationships: { staging_spaces: { data: [{ guid: spaceGuid }] } },
  });
  assert.equal(created.status, 201, created.text);
  const { guid, created_at, updated_at, ...shown } = created.json;
  assert.equal(created_at, updated_at);
  const path = `/v3/security_groups/${guid}`;
  assert.deepEqual(shown, {
    name: "web",
    rules: [web],
    globally_enabled: { running: false, staging: false },
    relationships: {
      running_spaces: { data: [] },
      staging_spaces: { data: [{ guid: spaceGuid }] },
    },
    links: { self: { href: `${cc.url}${path}` } },
  });
  const ofSpace = (phase: string) => admin.get(`/v3/spaces/${spaceGuid}/${phase}_security_groups`);
  assert.deepEqual(namesOf(await ofSpace("running")), ["public_networks", "dns"]);
  assert.deepEqual(namesOf(await ofSpace("staging")), ["public_networks", "dns", "web"]);

  const bound = await admin.post(`${path}/relationships/running_spaces`, {
    data: [{ guid: spaceGuid }],
  });
  assert.deepEqual(bound.json, {
    data: [{ guid: spaceGuid }],
    links: { self: { href: `${cc.url}${path}/relationships/running_spaces` } },
  });
  assert.equal(namesOf(await ofSpace("running")).includes("web"), true);
  const lists: [query: string, names: string[]][] = [
    [`running_space_guids=${spaceGuid}`, ["web"]],
    ["globally_enabled_running=false", ["web"]],
    ["globally_enabled_staging=true&names=dns,web", ["dns"]],
    ["staging_space_guids=x", []],
  ];
  for (const [query, names] of lists) {
    assert.deepEqual(namesOf(await admin.get(`/v3/security_groups?${query}`)), names, query);
  }

  const changed = await admin.patch(path, { name: "web2", globally_enabled: { running: true } });
  assert.equal(changed.json.name, "web2");
  assert.deepEqual(changed.json.globally_enabled, { running: true, staging: false });
  assert.deepEqual(changed.json.rules, [web]);

  const binding = `${path}/relationships/staging_spaces/${spaceGuid}`;
  assert.equal((await admin.delete(binding)).status, 204);
  assert.equal(
    (await admin.delete(binding)).json.errors[0].detail,
    `Unable to unbind security group from space with guid '${spaceGuid}'. Ensure the space is bound to this security group.`,
  );
  assert.equal((await admin.job(await admin.delete(path))).json.state, "COMPLETE");
  assert.equal((await admin.get(path)).json.errors[0].detail, "Security group not found");
  assert.deepEqual(namesOf(await ofSpace("running")), ["public_networks", "dns"]);
});

test("security groups with faults are refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const cases: [body: object, detail: string][] = [
    [{}, "Name can't be blank"],
    [{ name: "x".repeat(251) }, "Name is too long (maximum is 250 characters)"],
    [{ name: "dns" }, "Security group with name 'dns' already exists."],
    [{ name: "a", rules: {} }, "Rules must be an array"],
    [
      { name: "a", rules: [{ ...web, ports: "x" }, 5] },
      "Rules[0]: ports must be a valid single port, comma separated list of ports, or range or ports, formatted as a string, Rules[1]: must be an object",
    ],
    [
      { name: "a", rules: [{ ...web, code: 1 }] },
      "rules rule number 1 contains the invalid field 'code'",
    ],
    [{ name: "a", globally_enabled: 5 }, "Globally enabled must be an object"],
    [
      { name: "a", globally_enabled: { always: true } },
      "Globally enabled only allows keys 'running' or 'staging'",
    ],
    [
      { name: "a", globally_enabled: { running: "yes" } },
      "Globally enabled values must be booleans",
    ],
    [
      { name: "a", relationships: { running_spaces: { data: [{ guid: "x" }] } } },
      'Spaces with guids ["x"] do not exist.',
    ],
  ];
  for (const [body, detail] of cases) {
    const refused = await admin.post("/v3/security_groups", body);
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.json.errors[0].detail, detail);
  }
  const list = await admin.get("/v3/security_groups?globally_enabled_running=maybe");
  assert.equal(list.status, 422);
  assert.equal(list.json.errors[0].detail, "Globally enabled running must be 'true' or 'false'");
  assert.equal((await admin.get("/v3/security_groups")).json.pagination.total_results, 2);
});

test("members see what holds everywhere and in their spaces; managers of a space bind what they see", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const place = await firstSpace(admin);
  const { spaceGuid } = place;
  const manager = await userWith(cc, "manager", { ...place, types: ["space_manager"] });
  const developer = await userWith(cc, "developer", { ...place, types: ["space_developer"] });
  const group = async (name: string) =>
    (await admin.post("/v3/security_groups", { name })).json.guid as string;
  const bind = (caller: Caller, guid: string) =>
    caller.post(`/v3/security_groups/${guid}/relationships/running_spaces`, {
      data: [{ guid: spaceGuid }],
    });
  const hidden = await group("hidden");
  const own = await group("own");
  assert.equal((await bind(admin, own)).status, 200);

  assert.deepEqual(namesOf(await developer.get("/v3/security_groups")), [
    "public_networks",
    "dns",
    "own",
  ]);
  assert.equal((await developer.get(`/v3/security_groups/${hidden}`)).status, 404);
  assert.equal((await bind(manager, hidden)).status, 404);
  assert.equal((await bind(developer, own)).status, 403);
  assert.equal((await bind(manager, own)).status, 200);
  const elsewhere = await manager.post(`/v3/security_groups/${own}/relationships/running_spaces`, {
    data: [{ guid: spaceGuid }, { guid: "x" }],
  });
  assert.equal(
    elsewhere.json.errors[0].detail,
    'Spaces with guids ["x"] do not exist, or you do not have access to them.',
  );
  const binding = `/v3/security_groups/${own}/relationships/running_spaces/${spaceGuid}`;
  assert.equal((await developer.delete(binding)).status, 403);
  assert.equal((await manager.delete(binding)).status, 204);
  assert.equal((await manager.get(`/v3/security_groups/${own}`)).status, 404);
});

test("the groups of a space reach Diego with its stagings and, after a restart, its processes", async () => {
  await using packaged = await packagedApp();
  const { developer, stage, restart } = packaged;
  const admin = developer.caller;
  const { spaceGuid } = await firstSpace(admin);
  const space = { data: [{ guid: spaceGuid }] };
  const group = async (name: string, relationships: object) =>
    await admin.post("/v3/security_groups", {
      name,
      rules: [{ ...web, destination: name }],
      relationships,
    });
  await group("10.0.0.1", { running_spaces: space });
  await group("10.0.0.2", { staging_spaces: space });
  const destinations = (rules: readonly { readonly destinations: readonly string[] }[]) =>
    rules.flatMap((rule) => rule.destinations).filter((text) => text.startsWith("10.0.0."));

  assert.deepEqual(destinations((await stage()).egressRules), ["10.0.0.2"]);
  assert.deepEqual(destinations((await restart()).egressRules), ["10.0.0.1"]);
  const [bound] = (await admin.get("/v3/security_groups?names=10.0.0.1")).json.resources;
  await admin.delete(`/v3/security_groups/${bound.guid}/relationships/running_spaces/${spaceGuid}`);
  assert.deepEqual(destinations((await restart()).egressRules), []);
});
