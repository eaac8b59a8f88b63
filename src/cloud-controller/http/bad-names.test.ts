import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const to = (guid: string) => ({ data: { guid } });

/** Texts that are names to us and something else to databases, paths, shells, pages and terminals. */
const odd = [
  "' OR 1=1--",
  "../../x",
  "<script>alert(1)</script>",
  "%00",
  "-rf",
  ".",
  "CON",
  "\u202Ereversed",
  "zero\u200Bwidth",
  "$(reboot) `id` ${HOME}",
  "a,b",
];

test("an odd name is kept as it is, found by itself alone, and shown as text", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { organizationGuid } = await firstSpace(admin);
  const relationships = { organization: to(organizationGuid) };
  const cases: [string, object][] = [
    ["organizations", {}],
    ["spaces", { relationships }],
    ["organization_quotas", {}],
    ["space_quotas", { relationships }],
    ["security_groups", {}],
    ["isolation_segments", {}],
  ];
  for (const [resource, body] of cases) {
    for (const name of [...odd, "😀".repeat(120)]) {
      const created = await admin.post(`/v3/${resource}`, { ...body, name });
      assert.equal(created.status, 201, `${resource} ${name}: ${created.text}`);
      const filter = encodeURIComponent(name.replaceAll("%", "%25").replaceAll(",", "%2C"));
      const found = await admin.get(`/v3/${resource}?names=${filter}`);
      assert.deepEqual(
        found.json.resources.map((one: { name: string }) => one.name),
        [name],
        resource,
      );
      assert.match(String(found.headers["content-type"]), /^application\/json/);
    }
  }
});

test("a name that is none is refused by each resource in its words", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const { organizationGuid } = await firstSpace(admin);
  const app = await developer.createApp("app");
  const relationships = { organization: to(organizationGuid) };
  const escaped = "Name must not contain escaped characters";
  const segment = "Isolation Segment names can only contain non-blank unicode characters";
  const nul = "The request must not contain NUL characters";
  const long = (maximum: number) => `Name is too long (maximum is ${maximum} characters)`;
  const cases: [string, object, unknown, string][] = [
    ["organizations", {}, "", "Name can't be blank"],
    ["organizations", {}, "x".repeat(256), long(255)],
    ["organizations", {}, "line\nbreak", escaped],
    ["organizations", {}, "\u0000", nul],
    ["organizations", {}, ["x"], "Name must be a string"],
    ["spaces", { relationships }, "", "Name can't be blank"],
    ["spaces", { relationships }, "x".repeat(256), long(255)],
    ["spaces", { relationships }, "bell\u0007", escaped],
    ["spaces", { relationships }, "a\u0000", nul],
    ["organization_quotas", {}, "", "Name can't be blank"],
    ["organization_quotas", {}, "x".repeat(251), long(250)],
    ["space_quotas", { relationships }, "x".repeat(251), long(250)],
    ["security_groups", {}, "", "Name can't be blank"],
    ["security_groups", {}, "x".repeat(251), long(250)],
    ["security_groups", {}, "line\nbreak", "Name is invalid"],
    ["isolation_segments", {}, "x".repeat(256), long(255)],
    ["isolation_segments", {}, "bell\u0007", segment],
    ["buildpacks", {}, "../x", "Name is invalid"],
    ["buildpacks", {}, "x".repeat(251), long(250)],
    ["stacks", {}, "x".repeat(251), long(250)],
    ["stacks", {}, "", "Name can't be blank"],
    [
      "domains",
      {},
      "line\nbreak.test",
      "Name does not comply with RFC 1035 standards, Name must consist of alphanumeric characters and hyphens",
    ],
    [`apps/${app}/sidecars`, { command: "x", process_types: ["web"] }, "x".repeat(256), long(255)],
    [`apps/${app}/tasks`, { command: "x" }, 7, "Name must be a string"],
    [`apps/${app}/tasks`, { command: "x" }, "a\u0000", nul],
  ];
  for (const [resource, body, name, detail] of cases) {
    const answer = await admin.post(`/v3/${resource}`, { ...body, name });
    const what = `${resource} ${JSON.stringify(name).slice(0, 40)}`;
    assert.equal(answer.status, 422, `${what}: ${answer.text}`);
    assert.deepEqual(
      answer.json,
      {
        errors: [{ code: 10008, title: "CF-UnprocessableEntity", detail }],
      },
      what,
    );
  }
});

test("a name is taken where another differs from it in case or in blanks at its ends alone", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const create = async (name: string) =>
    (await admin.post("/v3/apps", { name, relationships: { space: to(spaceGuid) } })).status;

  assert.equal(await create("Shop"), 201);
  assert.equal(await create("sHOP"), 422);
  assert.equal(await create(" shop "), 422, "blanks at the ends are no part of a name");
  assert.equal(await create("café"), 201);
  assert.equal(await create("CAFE"), 201, "an accent is a difference");
});

test("what is not the client's to set is refused in every body that changes something", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const admin = developer.caller;
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const app = await developer.createApp("app");
  const [domain] = (await admin.get("/v3/domains")).json.resources;
  const make = async (path: string, body: object): Promise<string> => {
    const created = await admin.post(`/v3/${path}`, body);
    assert.equal(created.status, 201, created.text);
    return created.json.guid;
  };
  const organization = { relationships: { organization: to(organizationGuid) } };
  const places = [
    `organizations/${organizationGuid}`,
    `spaces/${spaceGuid}`,
    `apps/${app}`,
    `processes/${app}`,
    `packages/${await developer.createPackage(app)}`,
    `droplets/${await make("droplets", { relationships: { app: to(app) } })}`,
    `domains/${domain.guid}`,
    `routes/${await make("routes", { host: "h", relationships: { space: to(spaceGuid), domain: to(domain.guid) } })}`,
    `organization_quotas/${await make("organization_quotas", { name: "q" })}`,
    `space_quotas/${await make("space_quotas", { name: "q", ...organization })}`,
    `security_groups/${await make("security_groups", { name: "g" })}`,
    `isolation_segments/${await make("isolation_segments", { name: "s" })}`,
    `buildpacks/${await make("buildpacks", { name: "b" })}`,
    `stacks/${await make("stacks", { name: "s" })}`,
    `users/${await make("users", { guid: "u" })}`,
    `sidecars/${await make(`apps/${app}/sidecars`, { name: "s", command: "x", process_types: ["web"] })}`,
  ];
  const fields = { guid: "mine", created_at: "2000-01-01T00:00:00Z", space_guid: "x", links: {} };
  const detail = "Unknown field(s): 'guid', 'created_at', 'space_guid', 'links'";

  for (const place of places) {
    const before = await admin.get(`/v3/${place}`);
    const answer = await admin.patch(`/v3/${place}`, fields);
    assert.equal(answer.status, 422, `${place}: ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail, place);
    assert.deepEqual((await admin.get(`/v3/${place}`)).json, before.json, place);
  }
});
