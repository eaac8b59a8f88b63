import assert from "node:assert/strict";
import { test } from "node:test";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

async function emptyDroplet(developer: Developer, app: string, processTypes?: object) {
  const created = await developer.caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: app } } },
    ...(processTypes === undefined ? {} : { process_types: processTypes }),
  });
  assert.equal(created.status, 201, created.text);
  return created;
}

test("an uploaded droplet is STAGED, can be downloaded, copied and made the current one", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const created = await emptyDroplet(developer, app, { web: "./run", worker: "./work" });
  assert.equal(created.json.state, "AWAITING_UPLOAD");
  const guid = created.json.guid;

  const uploaded = await developer.upload(`/v3/droplets/${guid}/upload`, [
    { name: "bits", content: "droplet bits", filename: "my.tgz" },
  ]);
  assert.equal(uploaded.status, 202, uploaded.text);
  assert.equal((await developer.caller.job(uploaded)).json.state, "COMPLETE");

  const staged = await developer.caller.get(`/v3/droplets/${guid}`);
  assert.equal(staged.json.state, "STAGED");
  const other = await developer.createApp("b");
  const copy = await developer.caller.post(`/v3/droplets?source_guid=${guid}`, {
    relationships: { app: { data: { guid: other } } },
  });
  assert.equal(copy.status, 201, copy.text);
  const current = await developer.caller.patch(`/v3/apps/${app}/relationships/current_droplet`, {
    data: { guid },
  });
  assert.equal(current.status, 200, current.text);
  const processes = await developer.caller.get(`/v3/apps/${app}/processes`);
  assert.deepEqual(
    processes.json.resources.map(({ type }: { type: string }) => type),
    ["web", "worker"],
  );
  const refused = await developer.caller.delete(`/v3/droplets/${guid}`);
  assert.equal(refused.status, 422);
  assert.match(refused.json.errors[0].detail, /currently used by app with guid/);
  const download = await developer.caller.get(`/v3/droplets/${guid}/download`);
  assert.equal((await cc.cell("GET", String(download.headers["location"]))).text, "droplet bits");
});

test("a droplet is uploaded once, as a tgz", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { guid } = (await emptyDroplet(developer, await developer.createApp("a"))).json;
  const upload = (filename: string) =>
    developer.upload(`/v3/droplets/${guid}/upload`, [{ name: "bits", content: "x", filename }]);

  const zip = await upload("x.zip");
  assert.equal(zip.json.errors[0].detail, "Uploaded droplet file is invalid: x.zip is not a tgz");
  assert.equal((await upload("x.tar.gz")).status, 202);
  const again = await upload("x.tgz");
  assert.match(again.json.errors[0].detail, /may be uploaded only once/);
});

test("lists hide commands and leave out what is being staged", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  await emptyDroplet(developer, app, { web: "secret command" });
  const found = await developer.packageOf(app, buildZip([{ name: "x" }]));
  const build = await developer.build(found.json.guid);
  const text = JSON.stringify(bbs.taskMap.get(build.json.guid)?.definition);
  const url = /http:[^"]*\/internal\/v4\/droplets[^"]*/.exec(text)?.[0] ?? "";
  await cc.cell("POST", url, "half of a staging");

  const list = await developer.caller.get(`/v3/apps/${app}/droplets`);

  assert.equal(list.json.resources.length, 1);
  assert.doesNotMatch(list.text, /secret command/);
});

test("the droplets of a package are found by it, staged ones alone where that is asked", async () => {
  const bbs = new FakeBbs();
  await using cc = await TestCloudController.start({ bbs });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("a");
  const found = await developer.packageOf(app, buildZip([{ name: "x" }]));
  const path = `/v3/packages/${found.json.guid}/droplets?states=STAGED`;
  assert.deepEqual((await developer.caller.get(path)).json.resources, []);
  const build = await developer.build(found.json.guid);
  await developer.completeStaging(bbs, build.json.guid, { droplet: Buffer.from("d") });

  assert.equal((await developer.caller.get(path)).json.resources.length, 1);
});

test("another user's droplet is not found", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { guid } = (await emptyDroplet(developer, await developer.createApp("a"))).json;
  const stranger = await cc.as({ userGuid: "stranger" });

  assert.equal((await stranger.get(`/v3/droplets/${guid}`)).status, 404);
  assert.deepEqual((await stranger.get("/v3/droplets")).json.resources, []);
});

test("what a droplet may not be is refused in Cloud Controller's words", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const guid = await developer.createApp("app");
  const to = (app: string) => ({ relationships: { app: { data: { guid: app } } } });
  const created = await caller.post("/v3/droplets", to(guid));
  const waiting = created.json.guid;
  const upload = `/v3/droplets/${waiting}/upload`;
  const cases: [string, unknown, number, string][] = [
    [
      "/v3/droplets",
      to("nowhere"),
      422,
      'App with guid "nowhere" does not exist, or you do not have access to it.',
    ],
    [
      "/v3/droplets",
      { ...to(guid), process_types: { "": "x" } },
      422,
      "Process types key must not be empty",
    ],
    [
      "/v3/droplets",
      { ...to(guid), process_types: { web: 1 } },
      422,
      "Process types value must be a string",
    ],
    ["/v3/droplets", { ...to(guid), metadata: {} }, 422, "Unknown field(s): 'metadata'"],
    ["/v3/droplets?source_guid=nowhere", to(guid), 404, "Droplet not found"],
    [`/v3/droplets?source_guid=${waiting}`, to("nowhere"), 404, "App not found"],
    [`/v3/droplets?source_guid=${waiting}`, to(guid), 422, "source droplet is not staged"],
    [
      upload,
      {},
      422,
      "Uploaded droplet file is invalid: A droplet tgz file must be uploaded as 'bits'",
    ],
    [`${upload}?bits_path=/etc/passwd`, {}, 422, "Unknown field(s): 'bits_path'"],
  ];
  for (const [path, body, status, detail] of cases) {
    const answer = await caller.post(path, body);
    assert.equal(answer.status, status, `${path} ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  const empty = await developer.upload(upload, [{ name: "bits", filename: "x.zip", content: "" }]);
  assert.equal(
    empty.json.errors[0].detail,
    "Uploaded droplet file is invalid: x.zip is not a tgz, x.zip cannot be empty",
  );
  const download = await caller.get(`/v3/droplets/${waiting}/download`);
  assert.equal(download.status, 422);
  assert.equal(download.json.errors[0].detail, "Only staged droplets can be downloaded.");
  const early = await caller.patch(`/v3/apps/${guid}/relationships/current_droplet`, {
    data: { guid: waiting },
  });
  assert.equal(early.status, 422);
  assert.equal(early.json.errors[0].detail, "droplet must be in staged state");
  const nested = await caller.get(`/v3/apps/${guid}/droplets?current=false`);
  assert.match(nested.json.errors[0].detail, /: Current only accepts the value 'true'$/);
});

test("a droplet that is deleted twice has one event of it, which says by whom", async () => {
  await using cc = await TestCloudController.start();
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const { json } = await developer.caller.post("/v3/droplets", {
    relationships: { app: { data: { guid: app } } },
  });
  const remove = () => developer.caller.delete(`/v3/droplets/${json.guid}`);

  const answers = await Promise.all([remove(), remove()]);
  for (const answer of answers) {
    if (answer.status === 202) await developer.caller.job(answer);
  }

  const events = await developer.caller.get("/v3/audit_events?types=audit.app.droplet.delete");
  assert.equal(events.json.resources.length, 1);
  assert.equal(events.json.resources[0].actor.guid, "admin-guid");
  assert.equal(events.json.resources[0].data.droplet_guid, json.guid);
});
