import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

async function revisionsOf(app: RunningApp, query = "") {
  return (await app.caller.get(`/v3/apps/${app.guid}/revisions${query}`)).json.resources;
}

async function descriptions(app: RunningApp): Promise<string[]> {
  return (await revisionsOf(app)).map(
    (revision: { version: number; description: string }) =>
      `${revision.version} ${revision.description}`,
  );
}

test("the first start makes the first revision, which tells all that the app is", async () => {
  await using app = await RunningApp.create();
  const { caller, guid } = app;
  const droplet = await app.droplet({ web: "node server.js", worker: "node worker.js" });
  await caller.patch(`/v3/apps/${guid}/environment_variables`, { var: { A: "1" } });
  await caller.patch(`/v3/processes/${guid}`, { command: "node other.js" });
  await caller.post(`/v3/apps/${guid}/sidecars`, {
    name: "proxy",
    command: "./proxy",
    process_types: ["web"],
  });
  await app.assign(droplet);
  assert.deepEqual(await descriptions(app), []);

  await app.act("start");

  const [revision, ...others] = await revisionsOf(app);
  assert.deepEqual(others, []);
  const self = `/v3/revisions/${revision.guid}`;
  const href = (to: string) => ({ href: `${app.cc.url}${to}` });
  assert.deepEqual(revision, {
    guid: revision.guid,
    version: 1,
    droplet: { guid: droplet },
    processes: { web: { command: "node other.js" }, worker: { command: null } },
    sidecars: [{ name: "proxy", command: "./proxy", memory_in_mb: null, process_types: ["web"] }],
    description: "Initial revision.",
    relationships: { app: { data: { guid } } },
    created_at: revision.created_at,
    updated_at: revision.updated_at,
    links: {
      self: href(self),
      app: href(`/v3/apps/${guid}`),
      environment_variables: href(`${self}/environment_variables`),
    },
    metadata: { labels: {}, annotations: {} },
    deployable: true,
  });
  assert.deepEqual((await caller.get(self)).json, revision);
  const environment = (await caller.get(`${self}/environment_variables`)).json;
  assert.deepEqual(environment.var, { A: "1" });
  assert.deepEqual(environment.links.revision, href(self));
  const deployed = (await caller.get(`/v3/apps/${guid}/revisions/deployed`)).json.resources;
  assert.deepEqual(deployed, [revision]);
  const process = (await caller.get(`/v3/processes/${guid}`)).json;
  assert.deepEqual(process.relationships.revision, { data: { guid: revision.guid } });
  const events = await caller.get(
    `/v3/audit_events?target_guids=${guid}&types=audit.app.revision.create`,
  );
  assert.deepEqual(events.json.resources[0].data, {
    revision_guid: revision.guid,
    revision_version: 1,
  });
});

test("a start of what is started makes none, a restart one where something has changed", async () => {
  await using app = await RunningApp.start();
  const { caller, guid } = app;

  await app.act("restart");
  await caller.patch(`/v3/apps/${guid}/environment_variables`, { var: { A: "1" } });
  await app.act("start");
  assert.deepEqual(await descriptions(app), ["1 Initial revision."]);

  await app.act("restart");
  await app.assign(await app.droplet());
  await app.act("stop");
  await app.act("start");

  assert.deepEqual(await descriptions(app), [
    "1 Initial revision.",
    "2 New environment variables deployed.",
    "3 New droplet deployed.",
  ]);
  const newest = await revisionsOf(app, "?versions=3,x");
  assert.deepEqual(
    newest.map((revision: { version: number }) => revision.version),
    [3],
  );
  const deployed = (await caller.get(`/v3/apps/${guid}/revisions/deployed`)).json.resources;
  assert.deepEqual(deployed, newest);
});

test("an app that keeps no revisions makes none and is none", async () => {
  await using app = await RunningApp.create();
  await app.caller.patch(`/v3/apps/${app.guid}/features/revisions`, { enabled: false });
  await app.assign(await app.droplet());

  await app.act("start");

  assert.deepEqual(await descriptions(app), []);
  const process = (await app.caller.get(`/v3/processes/${app.guid}`)).json;
  assert.equal(process.relationships.revision, null);
});

test("what runs keeps its revision's droplet, variables and command, whatever the app becomes", async () => {
  await using app = await RunningApp.create();
  const { caller, guid, bbs } = app;
  await caller.patch(`/v3/apps/${guid}/environment_variables`, { var: { A: "old" } });
  await app.assign(await app.droplet());
  await app.act("start");
  await app.assign(await app.droplet({ web: "node new.js" }));
  await caller.patch(`/v3/apps/${guid}/environment_variables`, { var: { A: "new" } });
  await caller.patch(`/v3/processes/${guid}`, { command: "node mine.js" });
  // As a cell's loss of all its memory would: what is desired again is what was started.
  const [lost = ""] = bbs.desired.keys();
  const before = bbs.desired.get(lost);
  bbs.desired.clear();

  await caller.post(`/v3/processes/${guid}/actions/scale`, { instances: 2 });

  const [again] = bbs.desired.values();
  assert.equal(again?.processGuid, lost);
  assert.deepEqual(again?.setup, before?.setup);
  const command = JSON.stringify(again?.action);
  assert.match(command, /node server\.js/);
  assert.match(command, /"name":"A","value":"old"/);

  await app.act("restart");
  const [restarted] = bbs.desired.values();
  assert.match(JSON.stringify(restarted?.action), /node mine\.js/);
  assert.match(JSON.stringify(restarted?.action), /"name":"A","value":"new"/);
  assert.notDeepEqual(restarted?.setup, before?.setup);
});

test("after version 9999 comes 1 again, in the place of the old one", async () => {
  await using app = await RunningApp.start();
  await using db = await app.cc.openDatabase();
  const [first] = await revisionsOf(app);
  await db
    .insertInto("revisions")
    .columns([
      "guid",
      "createdAt",
      "updatedAt",
      "appGuid",
      "version",
      "dropletGuid",
      "environmentVariables",
      "commands",
      "sidecars",
      "description",
    ])
    .expression((eb) =>
      eb
        .selectFrom("revisions")
        .select([
          sql.lit("last").as("guid"),
          "createdAt",
          "updatedAt",
          "appGuid",
          sql.lit(9999).as("version"),
          "dropletGuid",
          "environmentVariables",
          "commands",
          "sidecars",
          "description",
        ]),
    )
    .execute();
  await app.assign(await app.droplet());

  await app.act("restart");

  assert.deepEqual(
    (await revisionsOf(app)).map((revision: { version: number }) => revision.version),
    [9999, 1],
  );
  assert.equal((await app.caller.get(`/v3/revisions/${first.guid}`)).status, 404);
});

test("a revision whose droplet has gone cannot be deployed, and `deployable` takes no value at all", async () => {
  await using app = await RunningApp.start();
  const { caller } = app;
  const [first] = await revisionsOf(app);
  await app.assign(await app.droplet());
  await app.act("restart");
  await caller.job(await caller.delete(`/v3/droplets/${first.droplet.guid}`));

  const [gone, current] = await revisionsOf(app);
  const filtered = await caller.get(`/v3/apps/${app.guid}/revisions?deployable=true`);

  assert.equal(gone.deployable, false);
  assert.equal(current.deployable, true);
  assert.equal(filtered.status, 400);
  assert.equal(
    filtered.json.errors[0].detail,
    "The query parameter is invalid: Deployable must be a boolean",
  );
});

test("metadata is a developer's to write, the environment a developer's to read, the rest any reader's", async () => {
  await using app = await RunningApp.start();
  const { caller, cc } = app;
  const [{ guid }] = await revisionsOf(app);
  const self = `/v3/revisions/${guid}`;
  const places = await firstSpace(caller);
  const auditor = await userWith(cc, "auditor", { ...places, types: ["space_auditor"] });
  const stranger = await cc.as({ userGuid: "stranger-guid" });
  const labels = { tier: "gold" };

  const patched = await caller.patch(self, { metadata: { labels } });

  assert.deepEqual(patched.json.metadata.labels, labels);
  assert.equal((await revisionsOf(app, "?label_selector=tier=gold")).length, 1);
  assert.equal((await revisionsOf(app, "?label_selector=tier=iron")).length, 0);
  assert.equal((await auditor.get(self)).status, 200);
  assert.equal((await auditor.get(`${self}/environment_variables`)).status, 403);
  assert.equal((await auditor.patch(self, {})).status, 403);
  assert.equal((await stranger.get(self)).json.errors[0].detail, "Revision not found");
  assert.equal((await stranger.get(`/v3/apps/${app.guid}/revisions`)).status, 404);
  const wrong = await caller.patch(self, { description: "mine" });
  assert.equal(wrong.json.errors[0].detail, "Unknown field(s): 'description'");
});
