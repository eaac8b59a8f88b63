import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActualLrp } from "#diego/models/actual-lrp.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { systemClock } from "#kernel/clock/system-clock.ts";
import { toNanoseconds } from "#kernel/clock/clock.ts";
import type { LogCacheClient } from "#log-cache/client.ts";
import { buildZip } from "../testing/build-zip.ts";
import { Developer } from "../testing/developer.ts";
import { eventually } from "../testing/eventually.ts";
import { FakeBbs } from "../testing/fake-bbs.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const noTail = { tailed: false, newestReturned: 0n, newestShown: 0n, newestStored: 0n };

/** An app with a current droplet, stopped. */
async function stagedApp(options: Parameters<typeof TestCloudController.start>[0] = {}) {
  const bbs = new FakeBbs();
  const cc = await TestCloudController.start({ bbs, ...options });
  const developer = await Developer.admin(cc);
  const app = await developer.createApp("shop");
  const found = await developer.packageOf(app, buildZip([{ name: "a", content: "x" }]));
  const build = await developer.build(found.json.guid);
  await developer.completeStaging(bbs, build.json.guid, { droplet: Buffer.from("droplet") });
  const staged = await developer.caller.get(`/v3/builds/${build.json.guid}`);
  const assigned = await developer.caller.patch(`/v3/apps/${app}/relationships/current_droplet`, {
    data: { guid: staged.json.droplet.guid },
  });
  assert.equal(assigned.status, 200, assigned.text);
  return { bbs, cc, developer, app, [Symbol.asyncDispose]: () => cc[Symbol.asyncDispose]() };
}

function actualLrp(processGuid: string, state: "RUNNING" | "CLAIMED"): ActualLrp {
  const common = {
    key: { processGuid, index: 0, domain: "cf-apps" },
    crashCount: 0,
    crashReason: "",
    since: systemClock.now(),
    modificationTag: { epoch: "e", index: 0 },
    presence: "ORDINARY" as const,
    instanceKey: { instanceGuid: "instance-guid", cellId: "cell-1" },
  };
  if (state === "CLAIMED") return { ...common, state };
  return {
    ...common,
    state,
    netInfo: {
      address: "10.0.0.1",
      instanceAddress: "10.1.0.1",
      ports: [{ containerPort: 8080, hostPort: 61_001 }],
      preferredAddress: "HOST",
    },
    metricTags: {},
    routable: true,
  };
}

test("a start reaches the BBS before it is answered, with the droplet's command and checksum", async () => {
  await using staged = await stagedApp();
  const { bbs, cc, developer, app } = staged;

  const started = await developer.caller.post(`/v3/apps/${app}/actions/start`);

  assert.equal(started.status, 200);
  const [lrp] = bbs.desired.values();
  assert.ok(lrp !== undefined && lrp.processGuid.startsWith(`${app}-`));
  assert.match(JSON.stringify(lrp.action), /"app","node server.js"/);
  assert.match(JSON.stringify(lrp.action), /VCAP_APPLICATION/);
  const url = /"from":"(http:[^"]*cc-droplets[^"]*)"/.exec(JSON.stringify(lrp.setup))?.[1] ?? "";
  assert.equal((await cc.cell("GET", url)).text, "droplet");
});

test("a stop removes the LRP, a restart replaces it by a new version", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [first] = bbs.desired.keys();

  await developer.caller.post(`/v3/apps/${app}/actions/restart`);
  const [second, ...others] = bbs.desired.keys();
  assert.notEqual(second, first);
  assert.deepEqual(others, []);

  await developer.caller.post(`/v3/apps/${app}/actions/stop`);
  assert.deepEqual([...bbs.desired.keys()], []);
});

test("a scale and a new route update the LRP that runs", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();

  await developer.caller.post(`/v3/apps/${app}/processes/web/actions/scale`, { instances: 3 });
  assert.equal(bbs.desired.get(guid)?.instances, 3);

  const space = (await developer.caller.get("/v3/spaces")).json.resources[0].guid;
  const domain = (await developer.caller.get("/v3/domains")).json.resources[0].guid;
  const route = await developer.caller.post("/v3/routes", {
    host: "shop",
    relationships: { space: { data: { guid: space } }, domain: { data: { guid: domain } } },
  });
  await developer.caller.post(`/v3/routes/${route.json.guid}/destinations`, {
    destinations: [{ app: { guid: app } }],
  });
  assert.match(bbs.desired.get(guid)?.routes["cf-router"] ?? "", /"shop.apps.localhost"/);
});

test("where the BBS is away a start says so, and the sync desires the LRP once it is back", async () => {
  await using staged = await stagedApp({
    config: { longPollMs: 0 },
  });
  const { bbs, cc, developer, app } = staged;
  bbs.outage = new BbsError("Timeout", "no answer");
  const refused = await developer.caller.post(`/v3/apps/${app}/actions/start`);
  assert.equal(refused.status, 503);
  assert.equal(refused.json.errors[0].code, 170015);
  bbs.outage = undefined;

  await using again = await TestCloudController.start({ bbs, directory: cc.directory });

  await eventually(async () => (bbs.desired.size === 1 ? true : undefined));
  await eventually(async () => (bbs.freshDomains.get("cf-apps") === 120 ? true : undefined));
  assert.ok(again.internalUrl !== "");
});

test("the sync removes what nobody wants, and a domain is fresh only after a whole round", async () => {
  await using staged = await stagedApp();
  const { bbs, cc, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  const lrp = bbs.desired.get(guid);
  assert.ok(lrp !== undefined);
  bbs.desired.set("orphan-of-another-time", { ...lrp, processGuid: "orphan-of-another-time" });
  bbs.calls.length = 0;

  await using again = await TestCloudController.start({ bbs, directory: cc.directory });

  await eventually(async () => (bbs.calls.includes("upsertDomain cf-apps") ? true : undefined));
  assert.deepEqual([...bbs.desired.keys()], [guid]);
  assert.ok(
    bbs.calls.indexOf("removeDesiredLrp orphan-of-another-time") <
      bbs.calls.indexOf("upsertDomain cf-apps"),
  );
  assert.ok(again.internalUrl !== "");
});

test("stats tell the instance, its port and what it uses", async () => {
  const logCache: LogCacheClient = {
    tail: async () => noTail,
    latestGauges: async (sourceId) => [
      {
        sourceId,
        instanceId: "0",
        timestamp: toNanoseconds(systemClock.now()),
        tags: {},
        metrics: {
          cpu: { unit: "percentage", value: 50 },
          memory: { unit: "bytes", value: 1000 },
          memory_quota: { unit: "bytes", value: 2000 },
        },
      },
    ],
  };
  await using staged = await stagedApp({ logCache });
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  bbs.actual.push(actualLrp(guid, "RUNNING"));

  const stats = await developer.caller.get(`/v3/apps/${app}/processes/web/stats`);

  const [instance, ...others] = stats.json.resources;
  assert.deepEqual(others, []);
  assert.equal(instance.state, "RUNNING");
  assert.equal(instance.instance_guid, "instance-guid");
  assert.equal(instance.usage.cpu, 0.5);
  assert.equal(instance.usage.mem, 1000);
  assert.equal(instance.mem_quota, 2000);
  assert.equal(instance.instance_ports[0].external, 61_001);
});

test("stats are never empty while an instance is desired, and without log-cache there is a warning", async () => {
  const logCache: LogCacheClient = {
    tail: async () => noTail,
    latestGauges: () => Promise.reject(new Error("away")),
  };
  await using staged = await stagedApp({ logCache });
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);

  const stats = await developer.caller.get(`/v3/apps/${app}/processes/web/stats`);

  assert.equal(stats.json.resources.length, 1);
  assert.equal(stats.json.resources[0].state, "DOWN");
  assert.match(String(stats.headers["x-cf-warnings"]), /Stats/);
  bbs.outage = new BbsError("Timeout", "no answer");
  const unavailable = await developer.caller.get(`/v3/apps/${app}/processes/web/stats`);
  assert.equal(unavailable.status, 503);
});

test("a poll of stats is held while an instance starts, and woken by the BBS's event", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  bbs.actual.push(actualLrp(guid, "CLAIMED"));
  const polled = developer.caller.get(`/v3/apps/${app}/processes/web/stats`);

  await systemClock.sleep(0);
  const running = actualLrp(guid, "RUNNING");
  bbs.actual.splice(0, 1, running);
  bbs.emit({ kind: "actual_lrp_instance_created", actualLrp: running });

  assert.equal((await polled).json.resources[0].state, "RUNNING");
});

test("a crash becomes the two events and a line on the app's log", async () => {
  await using staged = await stagedApp();
  const { bbs, cc, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();

  bbs.emit({
    kind: "actual_lrp_crashed",
    key: { processGuid: guid, index: 0, domain: "cf-apps" },
    instanceKey: { instanceGuid: "instance-guid", cellId: "cell-1" },
    crashCount: 1,
    crashReason: "APP/PROC/WEB: Exited with status 7",
    since: systemClock.now(),
  });

  const found = await eventually(async () => {
    const events = await developer.caller.get(
      `/v3/audit_events?target_guids=${app}&types=audit.app.process.crash,app.crash`,
    );
    return events.json.resources.length === 2 ? events.json.resources : undefined;
  });
  assert.deepEqual(
    found.map(({ type }: { type: string }) => type),
    ["audit.app.process.crash", "app.crash"],
  );
  assert.equal(found[1].data.exit_status, 7);
  assert.equal(found[1].data.exit_description, "APP/PROC/WEB: Exited with status 7");
  const line = cc.logLines.find(({ payload }) => /App instance exited/.test(String(payload)));
  assert.deepEqual([line?.sourceType, line?.origin], ["API", "cloud_controller"]);
});

test("an instance that is to be terminated is retired", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  bbs.actual.push(actualLrp(guid, "RUNNING"));

  const answer = await developer.caller.delete(`/v3/apps/${app}/processes/web/instances/0`);

  assert.equal(answer.status, 204, answer.text);
  assert.ok(bbs.calls.includes(`retireActualLrp ${guid} 0`));
});

test("a renamed app's started processes have its new name in their metric tags, without a restart", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  const nameTag = () => bbs.desired.get(guid)?.metricTags["app_name"];
  assert.deepEqual(nameTag(), { static: "shop" });

  const renamed = await developer.caller.patch(`/v3/apps/${app}`, { name: "store" });
  assert.equal(renamed.status, 200, renamed.text);
  assert.deepEqual(nameTag(), { static: "store" });
  assert.deepEqual([...bbs.desired.keys()], [guid]);

  bbs.outage = new BbsError("Unknown", "away");
  const unheard = await developer.caller.patch(`/v3/apps/${app}`, { name: "market" });
  assert.equal(unheard.status, 200, "Diego's absence does not refuse a name");
});

test("an instance that becomes ready, and one that ceases to be, are told", async () => {
  await using staged = await stagedApp();
  const { bbs, developer, app } = staged;
  await developer.caller.post(`/v3/apps/${app}/actions/start`);
  const [guid = ""] = bbs.desired.keys();
  const running = actualLrp(guid, "RUNNING");
  const unready = { ...running, routable: false };
  const starting = actualLrp(guid, "CLAIMED");

  bbs.emit({ kind: "actual_lrp_instance_changed", before: starting, after: unready });
  bbs.emit({ kind: "actual_lrp_instance_changed", before: unready, after: running });
  bbs.emit({ kind: "actual_lrp_instance_changed", before: running, after: running });
  bbs.emit({ kind: "actual_lrp_instance_changed", before: running, after: unready });
  // Without a readiness check an instance is ready as soon as it runs.
  bbs.emit({ kind: "actual_lrp_instance_changed", before: starting, after: running });

  const found = await eventually(async () => {
    const types = "audit.app.process.ready,audit.app.process.not-ready";
    const { resources } = (
      await developer.caller.get(`/v3/audit_events?target_guids=${app}&types=${types}`)
    ).json;
    return resources.length === 3 ? resources : undefined;
  });
  assert.deepEqual(
    found.map(({ type, data }: { type: string; data: { ready: boolean } }) => [type, data.ready]),
    [
      ["audit.app.process.ready", true],
      ["audit.app.process.not-ready", false],
      ["audit.app.process.ready", true],
    ],
  );
  assert.deepEqual(found[0].actor, { guid: app, type: "process", name: "web" });
  assert.equal(`${app}-${found[0].data.version}`, guid);
});
