import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import { shows, type World } from "../world.ts";

const inTarget = "in org conformance \\/ space dev as admin\\.\\.\\.";

const demoOf = ({ wire, space }: World) => push.appNamed(wire, space.guid, "demo");

const variablesOf = async ({ api, demo }: World) =>
  (await api("GET", `/v3/apps/${demo.guid}/environment_variables`)).json.var;

const webOf = async ({ api, demo }: World) =>
  (await api("GET", `/v3/apps/${demo.guid}/processes/web`)).json;

const environment: readonly Command[] = [
  {
    name: "set-env",
    async wire(world) {
      const { guid } = await demoOf(world);
      const changed = await world.wire.patch(
        reads.variables,
        `/v3/apps/${guid}/environment_variables`,
        { var: { COLOUR: "blue" } },
      );
      assert.equal(changed.var["COLOUR"], "blue");
    },
    async client(world) {
      assert.match(
        await world.cf("set-env", "demo", "COLOUR", "blue"),
        new RegExp(`Setting env variable COLOUR for app demo ${inTarget}\\nOK\\n\\nTIP: Use`),
      );
      assert.equal((await variablesOf(world)).COLOUR, "blue");
    },
  },
  {
    name: "env",
    async wire(world) {
      const { guid } = await demoOf(world);
      const { environment_variables } = await world.wire.get(
        reads.environment,
        `/v3/apps/${guid}/env`,
      );
      assert.deepEqual(environment_variables, { COLOUR: "blue" });
    },
    async client({ cf }) {
      const out = await cf("env", "demo");
      assert.match(out, new RegExp(`Getting env variables for app demo ${inTarget}`));
      assert.match(out, /System-Provided:\n[^]*VCAP_APPLICATION: {[^]*"application_name": "demo"/);
      assert.match(out, /User-Provided:\nCOLOUR:\s+blue\n/);
    },
  },
  {
    name: "unset-env",
    async wire(world) {
      const { guid } = await demoOf(world);
      await world.wire.get(reads.environment, `/v3/apps/${guid}/env`);
      const changed = await world.wire.patch(
        reads.variables,
        `/v3/apps/${guid}/environment_variables`,
        { var: { COLOUR: null } },
      );
      assert.deepEqual(changed.var, {});
      await world.api("PATCH", `/v3/apps/${guid}/environment_variables`, {
        var: { COLOUR: "blue" },
      });
    },
    async client(world) {
      assert.match(
        await world.cf("unset-env", "demo", "COLOUR"),
        new RegExp(`Removing env variable COLOUR from app demo ${inTarget}\\nOK\\n\\nTIP: Use`),
      );
      assert.deepEqual(await variablesOf(world), {});
    },
  },
];

const health: readonly Command[] = [
  {
    name: "set-health-check",
    async wire(world) {
      const { guid: app } = await demoOf(world);
      const { guid } = await world.wire.get(reads.process, `/v3/apps/${app}/processes/web`);
      const { health_check } = await world.wire.patch(reads.process, `/v3/processes/${guid}`, {
        health_check: { type: "http", data: { endpoint: "/health", invocation_timeout: 5 } },
      });
      assert.equal(health_check.type, "http");
      assert.equal(health_check.data.endpoint, "/health");
    },
    async client(world) {
      const args = ["http", "--endpoint", "/health", "--invocation-timeout", "5"];
      assert.match(
        await world.cf("set-health-check", "demo", ...args),
        new RegExp(
          `Updating health check type for app demo process web ${inTarget}\\n\\nOK\\n\\nTIP: An app restart`,
        ),
      );
      const { health_check } = await webOf(world);
      assert.deepEqual([health_check.type, health_check.data.invocation_timeout], ["http", 5]);
    },
    async more({ cf }) {
      assert.match(await cf("set-health-check", "demo", "port"), /OK/);
    },
  },
  {
    name: "get-health-check",
    async wire(world) {
      const { guid } = await demoOf(world);
      const processes = await world.wire.list(reads.process, `/v3/apps/${guid}/processes`);
      assert.deepEqual(
        processes.map(({ type }) => type),
        ["web", "task"],
      );
    },
    async client({ cf }) {
      assert.match(
        await cf("get-health-check", "demo"),
        /process\s+health check\s+endpoint \(for http\)\s+invocation timeout\nweb\s+port\s+5\n/,
      );
    },
  },
  {
    name: "get-readiness-health-check",
    async wire(world) {
      const { guid } = await demoOf(world);
      const processes = await world.wire.list(reads.process, `/v3/apps/${guid}/processes`);
      assert.ok(processes.every((each) => each.readiness_health_check.type === "process"));
    },
    async client({ cf }) {
      assert.match(
        await cf("get-readiness-health-check", "demo"),
        /process\s+type\s+endpoint \(for http\)\s+invocation timeout[^]*\nweb\s+process\s+/,
      );
    },
  },
];

const ssh: readonly Command[] = [
  {
    name: "disable-ssh",
    async wire(world) {
      const { guid } = await demoOf(world);
      const path = `/v3/apps/${guid}/features/ssh`;
      await world.wire.get(reads.feature, path);
      await world.wire.patch(reads.feature, path, { enabled: false });
      await world.api("PATCH", path, { enabled: true });
    },
    async client({ cf, api, demo }) {
      assert.match(
        await cf("disable-ssh", "demo"),
        /Disabling ssh support for app demo as admin\.\.\.\n\n?OK/,
      );
      const { json } = await api("GET", `/v3/apps/${demo.guid}/features/ssh`);
      assert.equal(json.enabled, false);
    },
  },
  {
    name: "ssh-enabled",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await wire.one(
        reads.app,
        `/v3/apps?names=demo&page=1&per_page=1&space_guids=${space.guid}`,
      );
      const { enabled, reason } = await wire.get(reads.sshEnabled, `/v3/apps/${guid}/ssh_enabled`);
      assert.equal(enabled, reason === "");
    },
    async client({ cf }) {
      assert.match(
        await cf("ssh-enabled", "demo"),
        /ssh support is disabled for app 'demo'\.\nssh is disabled for app|ssh is disabled globally/,
      );
    },
  },
  {
    name: "enable-ssh",
    async wire(world) {
      const { guid } = await demoOf(world);
      const path = `/v3/apps/${guid}/features/ssh`;
      await world.api("PATCH", path, { enabled: false });
      await world.wire.get(reads.feature, path);
      await world.wire.patch(reads.feature, path, { enabled: true });
      await world.wire.get(reads.sshEnabled, `/v3/apps/${guid}/ssh_enabled`);
      await world.api("PATCH", path, { enabled: false });
    },
    async client({ cf, api, demo }) {
      assert.match(
        await cf("enable-ssh", "demo"),
        /Enabling ssh support for app demo as admin\.\.\.\n\n?OK/,
      );
      const { json } = await api("GET", `/v3/apps/${demo.guid}/features/ssh`);
      assert.equal(json.enabled, true);
    },
  },
];

const instances: readonly Command[] = [
  {
    name: "scale",
    async wire(world) {
      const { wire } = world;
      const { guid } = await demoOf(world);
      const scaled = await wire.post(
        reads.process,
        `/v3/apps/${guid}/processes/web/actions/scale`,
        { instances: 2 },
      );
      assert.equal(scaled.instances, 2);
      await push.running(wire, guid);
      await push.summary(wire, guid);
      await shows(
        world,
        `/v3/processes/${scaled.guid}/stats`,
        ({ resources }) =>
          resources.length === 2 &&
          resources.every(({ state }: { state: string }) => state === "RUNNING"),
      );
    },
    async client(world) {
      const out = await world.cf("scale", "demo", "-i", "2");
      assert.match(out, new RegExp(`Scaling app demo ${inTarget}`));
      assert.match(out, /instances:\s+[12]\/2\n/);
      assert.equal((await webOf(world)).instances, 2);
    },
    async more({ cf }) {
      assert.match(
        await cf("scale", "demo"),
        new RegExp(`Showing current scale of app demo ${inTarget}[^]*memory usage:\\s+64M`),
      );
    },
  },
  {
    name: "restart-app-instance",
    async wire(world) {
      const { guid } = await demoOf(world);
      const path = `/v3/apps/${guid}/processes/web/instances`;
      await world.wire.send("DELETE", `${path}/1`);
      await world.wire.refused("DELETE", `${path}/7`, {
        status: 404,
        detail: /^Instance not found$/,
      });
    },
    async client({ cf, cfFails, demo, the }) {
      assert.match(
        await cf("restart-app-instance", "demo", "1"),
        new RegExp(`Restarting instance 1 of process web of app demo ${inTarget}\\nOK`),
      );
      const event = await the(
        `/v3/audit_events?target_guids=${demo.guid}&types=audit.app.process.terminate_instance&order_by=-created_at&per_page=1`,
      );
      assert.equal(event.data.process_index, 1);
      assert.match(
        await cfFails("restart-app-instance", "demo", "7"),
        /Instance 7 of process web not found/,
      );
    },
  },
  {
    name: "events",
    async wire(world) {
      const { guid } = await demoOf(world);
      const events = await world.wire.list(
        reads.event,
        `/v3/audit_events?order_by=-created_at&page=1&target_guids=${guid}`,
      );
      const types = events.map(({ type }) => type);
      for (const type of ["audit.app.create", "audit.app.restart", "audit.app.update"]) {
        assert.ok(types.includes(type), `${type} among ${types.join(", ")}`);
      }
    },
    async client({ cf }) {
      const out = await cf("events", "demo");
      assert.match(out, new RegExp(`Getting events for app demo ${inTarget}`));
      assert.match(out, /time\s+event\s+actor\s+description\n/);
      assert.match(
        out,
        /\d{4}-\d\d-\d\dT[\d:.+-]+\s+audit\.app\.process\.scale\s+admin\s+.*instances: 2/,
      );
    },
  },
  {
    name: "create-app-manifest",
    async wire(world) {
      const { guid } = await demoOf(world);
      const { body } = await world.wire.send("GET", `/v3/apps/${guid}/manifest`, {
        accept: "application/x-yaml",
      });
      assert.match(String(body), /^---\napplications:\n *- name: demo\n/);
    },
    async client(world) {
      const file = `${world.source.path}/made.yml`;
      assert.match(
        await world.cf("create-app-manifest", "demo", "-p", file),
        new RegExp(
          `Creating an app manifest from current settings of app demo ${inTarget}\\n[^]*Manifest file created successfully at .*made\\.yml\\nOK`,
        ),
      );
    },
    async more({ cf, source }) {
      const out = await cf("apply-manifest", "-f", `${source.path}/made.yml`);
      assert.doesNotMatch(out, /^[+-] /m, "what was written differs from what is");
    },
  },
];

export const appSettings: readonly Command[] = [...environment, ...health, ...ssh, ...instances];
