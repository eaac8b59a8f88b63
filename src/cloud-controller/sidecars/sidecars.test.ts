import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { stagingResult } from "../testing/developer.ts";
import { RunningApp } from "../testing/running-app.ts";
import { firstSpace, userWith } from "../testing/tenants.ts";

const proxy = { name: "proxy", command: "./proxy", process_types: ["web"] };

test("a sidecar is made, read, listed by app and by process, changed and deleted", async () => {
  await using app = await RunningApp.create();
  const { caller } = app;

  const created = await caller.post(`/v3/apps/${app.guid}/sidecars`, {
    ...proxy,
    process_types: ["worker", "web"],
    memory_in_mb: 64,
  });

  assert.equal(created.status, 201, created.text);
  const { guid, created_at: createdAt } = created.json;
  assert.deepEqual(created.json, {
    guid,
    name: "proxy",
    command: "./proxy",
    process_types: ["web", "worker"],
    memory_in_mb: 64,
    origin: "user",
    relationships: { app: { data: { guid: app.guid } } },
    created_at: createdAt,
    updated_at: createdAt,
  });
  assert.deepEqual((await caller.get(`/v3/sidecars/${guid}`)).json, created.json);
  for (const path of [`/v3/apps/${app.guid}/sidecars`, `/v3/processes/${app.guid}/sidecars`]) {
    const list = (await caller.get(path)).json;
    assert.deepEqual(list.resources, [created.json], path);
    assert.equal(list.pagination.total_results, 1);
  }
  const changed = await caller.patch(`/v3/sidecars/${guid}`, {
    command: "./other",
    process_types: ["worker"],
    memory_in_mb: null,
  });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(changed.json.command, "./other");
  assert.equal(changed.json.name, "proxy");
  assert.equal(changed.json.memory_in_mb, null);
  const ofWeb = (await caller.get(`/v3/processes/${app.guid}/sidecars`)).json;
  assert.deepEqual(ofWeb.resources, []);
  assert.equal((await caller.delete(`/v3/sidecars/${guid}`)).status, 204);
  assert.equal((await caller.get(`/v3/sidecars/${guid}`)).status, 404);
});

for (const [what, body, detail] of [
  [
    "nothing",
    {},
    "Name can't be blank, Name must be a string, Command can't be blank, Command must be a string, Process types must be an array, Process types must have at least 1 process_type",
  ],
  ["a name of another type", { ...proxy, name: 7 }, "Name must be a string"],
  ["a blank command", { ...proxy, command: " " }, "Command can't be blank"],
  [
    "too long a name",
    { ...proxy, name: "x".repeat(256) },
    "Name is too long (maximum is 255 characters)",
  ],
  ["no type", { ...proxy, process_types: [] }, "Process types must have at least 1 process_type"],
  [
    "a type twice",
    { ...proxy, process_types: ["web", "worker", "web"] },
    "sidecar_guid and type Sidecar is already associated with process type web",
  ],
  ["types that are no list", { ...proxy, process_types: "web" }, "Process types must be an array"],
  ["no memory at all", { ...proxy, memory_in_mb: 0 }, "Memory in mb must be greater than 0"],
  ["half a megabyte", { ...proxy, memory_in_mb: 1.5 }, "Memory in mb must be an integer"],
  ["an unknown key", { ...proxy, origin: "buildpack" }, "Unknown field(s): 'origin'"],
  [
    "all of the process's memory",
    { ...proxy, memory_in_mb: 1024 },
    'The memory allocation defined is too large to run with the dependent "web" process',
  ],
  [
    "a name that is taken",
    { ...proxy, name: "taken" },
    "Sidecar with name 'taken' already exists for given app",
  ],
] as const) {
  test(`POST /v3/apps/:guid/sidecars with ${what} is refused`, async () => {
    await using app = await RunningApp.create();
    await app.caller.post(`/v3/apps/${app.guid}/sidecars`, { ...proxy, name: "taken" });

    const answer = await app.caller.post(`/v3/apps/${app.guid}/sidecars`, body);

    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].detail, detail);
  });
}

test("sidecars together leave some of a process's memory, at their change and at its scale", async () => {
  await using app = await RunningApp.create();
  const { caller } = app;
  const path = `/v3/apps/${app.guid}/sidecars`;
  const first = await caller.post(path, { ...proxy, memory_in_mb: 500 });
  const second = await caller.post(path, { ...proxy, name: "second", memory_in_mb: 523 });
  assert.equal(second.status, 201, second.text);

  const third = await caller.post(path, { ...proxy, name: "third", memory_in_mb: 1 });
  const grown = await caller.patch(`/v3/sidecars/${first.json.guid}`, { memory_in_mb: 501 });
  const shrunk = await caller.post(`/v3/processes/${app.guid}/actions/scale`, {
    memory_in_mb: 1023,
  });

  for (const answer of [third, grown]) {
    assert.equal(answer.status, 422);
    assert.match(answer.json.errors[0].detail, /^The memory allocation defined is too large/);
  }
  assert.equal(
    shrunk.json.errors?.[0].detail,
    "The requested memory allocation is not large enough to run all of your sidecar processes",
  );
});

test("who reads a space sees its sidecars and may not change them; who does not finds none", async () => {
  await using app = await RunningApp.create();
  const places = await firstSpace(app.caller);
  const created = await app.caller.post(`/v3/apps/${app.guid}/sidecars`, proxy);
  const path = `/v3/sidecars/${created.json.guid}`;
  const auditor = await userWith(app.cc, "auditor", { ...places, types: ["space_auditor"] });
  const stranger = await app.cc.as({ userGuid: "stranger-guid" });

  assert.equal((await auditor.get(path)).status, 200);
  assert.equal((await auditor.patch(path, { name: "mine" })).status, 403);
  assert.equal((await auditor.delete(path)).status, 403);
  // The app is looked at before the body.
  assert.equal((await auditor.post(`/v3/apps/${app.guid}/sidecars`, {})).status, 403);
  const hidden = await stranger.get(path);
  assert.equal(hidden.json.errors[0].detail, "Sidecar not found");
});

test("a started process has its sidecars in its LRP, each with its part of the memory", async () => {
  await using app = await RunningApp.create();
  const { caller, bbs } = app;
  const path = `/v3/apps/${app.guid}/sidecars`;
  await caller.post(path, { ...proxy, memory_in_mb: 100 });
  await caller.post(path, { ...proxy, name: "plain" });
  await caller.post(path, { ...proxy, name: "elsewhere", process_types: ["worker"] });
  await app.assign(await app.droplet());

  await app.act("start");

  const [lrp] = bbs.desired.values();
  assert.ok(lrp?.action?.kind === "codependent");
  const programs = lrp.action.actions.map((action) => {
    assert.ok(action.kind === "run");
    const variables = Object.fromEntries(action.env.map(({ name, value }) => [name, value]));
    const application = JSON.parse(variables["VCAP_APPLICATION"] ?? "");
    return [action.logSource, variables["MEMORY_LIMIT"], application.limits.mem];
  });
  assert.deepEqual(programs, [
    ["APP/PROC/WEB", "924m", 924],
    ["APP/PROC/WEB/SIDECAR/PROXY", "100m", 100],
    ["APP/PROC/WEB/SIDECAR/PLAIN", "1024m", 1024],
  ]);
  assert.equal(lrp.memoryMb, 1024);
});

test("an app goes with its sidecars", async () => {
  await using app = await RunningApp.create();
  const created = await app.caller.post(`/v3/apps/${app.guid}/sidecars`, proxy);

  const job = await app.caller.job(await app.caller.delete(`/v3/apps/${app.guid}`));

  assert.equal(job.json.state, "COMPLETE", job.text);
  assert.equal((await app.caller.get(`/v3/sidecars/${created.json.guid}`)).status, 404);
});

/** What a buildpack's launch.yml gives, by way of the staging result. */
async function dropletWithSidecar(app: RunningApp, name: string): Promise<string> {
  const { developer, bbs } = app;
  const found = await developer.packageOf(app.guid, buildZip([{ name: "a", content: "x" }]));
  const build = await developer.build(found.json.guid);
  const sidecar = { name, command: "./agent", process_types: ["web"], memory: 32 };
  await developer.completeStaging(bbs, build.json.guid, {
    droplet: Buffer.from("droplet"),
    completion: { result: JSON.stringify(stagingResult({ sidecars: [sidecar] })) },
  });
  const staged = await developer.caller.get(`/v3/builds/${build.json.guid}`);
  assert.equal(staged.json.state, "STAGED", staged.text);
  return staged.json.droplet.guid;
}

test("the sidecars of the buildpacks come and go with the current droplet, those of users stay", async () => {
  await using app = await RunningApp.create();
  const path = `/v3/apps/${app.guid}/sidecars`;
  await app.caller.post(path, proxy);
  const origins = async () =>
    (await app.caller.get(path)).json.resources.map(
      (sidecar: { name: string; origin: string; memory_in_mb: number | null }) =>
        `${sidecar.name} ${sidecar.origin} ${sidecar.memory_in_mb}`,
    );

  await app.assign(await dropletWithSidecar(app, "agent"));
  assert.deepEqual(await origins(), ["proxy user null", "agent buildpack 32"]);

  await app.assign(await app.droplet());
  assert.deepEqual(await origins(), ["proxy user null"]);
});

test("a buildpack's sidecar that has the name of a user's is no droplet for that app", async () => {
  await using app = await RunningApp.create();
  await app.caller.post(`/v3/apps/${app.guid}/sidecars`, proxy);
  const guid = await dropletWithSidecar(app, "proxy");

  const answer = await app.caller.patch(`/v3/apps/${app.guid}/relationships/current_droplet`, {
    data: { guid },
  });

  assert.equal(answer.status, 422);
  assert.equal(
    answer.json.errors[0].detail,
    "Buildpack defined sidecar 'proxy' conflicts with an existing user-defined sidecar. Consider renaming 'proxy'.",
  );
});
