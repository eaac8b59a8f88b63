import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { to } from "../look-up.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import { shows, sourceOf, type World } from "../world.ts";

const stateOf = async ({ the }: World, name: string) => (await the(`/v3/apps?names=${name}`)).state;

const answers = async ({ platform }: World, name: string) =>
  (await platform.fetchApp(`${name}.apps.localhost`)).status;

const manifestOf = (name: string) =>
  `applications:\n- name: ${name}\n  memory: 64M\n  buildpacks: [procfile_buildpack]\n`;

/** What the client looks for before it starts an app: is the newest package staged? */
async function newestDroplet({ wire }: World, app: string): Promise<string> {
  const newest = `app_guids=${app}&order_by=-created_at&page=1&per_page=1`;
  const { guid } = await wire.one(reads.packageOf, `/v3/packages?${newest}`);
  const droplets = `/v3/packages/${guid}/droplets?page=1&per_page=1&states=STAGED`;
  return (await wire.one(reads.droplet, droplets)).guid;
}

async function stop({ wire }: World, app: string): Promise<void> {
  const { state } = await wire.post(reads.app, `/v3/apps/${app}/actions/stop`);
  assert.equal(state, "STOPPED");
}

async function start({ wire }: World, app: string): Promise<void> {
  const { state } = await wire.post(reads.app, `/v3/apps/${app}/actions/start`);
  assert.equal(state, "STARTED");
  await push.running(wire, app);
}

const pushing: readonly Command[] = [
  {
    name: "push",
    async wire(world) {
      const { wire, space, platform } = world;
      const manifest = manifestOf("wire-app");
      await wire.read(
        z.object({ diff: z.array(z.object({ op: z.string(), path: z.string() })) }),
        "POST",
        `/v3/spaces/${space.guid}/manifest_diff`,
        { body: manifest, contentType: "application/x-yaml" },
      );
      const { guid } = await push.pushed(wire, {
        space: space.guid,
        name: "wire-app",
        files: sourceOf("us"),
      });
      await push.readLog(wire, guid);
      await push.summary(wire, guid, { processes: "each" });
      assert.equal((await platform.fetchApp("wire-app.apps.localhost")).status, 200);
    },
    async client(world) {
      world.source.write("manifest.yml", manifestOf("cf-app"));
      const out = await world.cfWith({ cwd: world.source.path }, "push");
      assert.match(out, /Pushing app cf-app to org conformance \/ space dev as admin\.\.\./);
      assert.match(out, /Applying manifest file .*manifest\.yml\.\.\./);
      assert.match(out, /\+ +- name: cf-app/);
      assert.match(out, /Packaging files to upload\.\.\.\nUploading files\.\.\./);
      assert.match(
        out,
        /Staging app and tracing logs\.\.\.\n[^]*?\n {3}Downloading procfile_buildpack/,
      );
      assert.match(out, /Waiting for app cf-app to start\.\.\./);
      assert.match(out, /start command:\s+node server\.js\n/);
      assert.match(out, /#0\s+running\s+/);
      assert.equal(await answers(world, "cf-app"), 200);
    },
  },
  {
    name: "v3-push",
    async client(world) {
      const out = await world.cfWith({ cwd: world.source.path }, "v3-push", "--no-start");
      assert.match(out, /Pushing app cf-app to org conformance/);
      assert.match(out, /requested state:\s+stopped/);
      assert.equal(await stateOf(world, "cf-app"), "STOPPED");
    },
    async more({ cf }) {
      assert.match(await cf("start", "cf-app"), /#0\s+running/);
    },
  },
  {
    name: "restage",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "wire-app");
      const newest = await wire.list(
        reads.packageOf,
        `/v3/packages?app_guids=${guid}&order_by=-created_at&page=1&per_page=1&states=READY`,
      );
      const droplet = await push.stagedByName(world, "wire-app", newest[0]?.guid ?? "");
      await stop(world, guid);
      await push.assign(wire, guid, droplet);
      await start(world, guid);
      await push.readLog(wire, guid);
      await push.summary(wire, guid);
    },
    async client(world) {
      const before = await world.api("GET", `/v3/droplets?per_page=1`);
      const stderr = /^This action will cause app downtime\.\n[^]*$/;
      const out = await world.cfWith({ stderr }, "restage", "cf-app");
      assert.match(
        out,
        /Restaging app cf-app in org conformance \/ space dev as admin\.\.\.\n\nStaging app and tracing logs\.\.\./,
      );
      assert.match(out, /#0\s+running/);
      assert.equal(await stateOf(world, "cf-app"), "STARTED");
      const droplets = await world.api("GET", `/v3/droplets?per_page=1`);
      assert.ok(droplets.json.pagination.total_results > before.json.pagination.total_results);
    },
  },
];

const lookingAtApps: readonly Command[] = [
  {
    name: "apps",
    async wire({ wire, space, demo }) {
      const names = await wire.list(
        reads.app,
        `/v3/apps?order_by=name&per_page=5000&space_guids=${space.guid}`,
      );
      assert.ok(names.some(({ name }) => name === "demo"));
      const processes = await wire.list(
        reads.processWithInstances,
        `/v3/processes?embed=process_instances&space_guids=${space.guid}`,
      );
      const web = processes.find(
        (each) => each.relationships.app.data?.guid === demo.guid && each.type === "web",
      );
      assert.deepEqual(
        web?.process_instances.map(({ state }) => state),
        ["RUNNING"],
      );
      const guids = names.map(({ guid }) => guid).join(",");
      await wire.list(reads.route, `/v3/routes?app_guids=${guids}`);
    },
    async client({ cf }) {
      const out = await cf("apps");
      assert.match(
        out,
        /Getting apps in org conformance \/ space dev as admin\.\.\.\n\nname\s+requested state\s+processes\s+routes\n/,
      );
      assert.match(out, /demo\s+started\s+web:1\/1, task:0\/0\s+demo\.apps\.localhost\n/);
    },
  },
  {
    name: "app",
    async wire({ wire, space }) {
      const { guid, state } = await push.appNamed(wire, space.guid, "demo");
      assert.equal(state, "STARTED");
      await push.summary(wire, guid);
    },
    async client({ cf }) {
      const out = await cf("app", "demo");
      assert.match(
        out,
        /Showing health and status for app demo in org conformance \/ space dev as admin/,
      );
      assert.match(
        out,
        /name:\s+demo\nrequested state:\s+started\nroutes:\s+demo\.apps\.localhost\nlast uploaded:\s+.+\nstack:\s+cflinuxfs4\n/,
      );
      assert.match(
        out,
        /buildpacks:\s+\n?\s+name\s+version\s+detect output\s+buildpack name\n\s+procfile_buildpack/,
      );
      assert.match(out, /type:\s+web\nsidecars:\s+\ninstances:\s+1\/1\nmemory usage:\s+64M\n/);
      assert.match(
        out,
        /state\s+since\s+.*cpu entitlement\s+memory\s+disk\s+logging[^]*#0\s+running\s+\d{4}-/,
      );
    },
    async more({ cf, cfFails, demo }) {
      assert.equal((await cf("app", "demo", "--guid")).trim(), demo.guid);
      assert.match(await cfFails("app", "nope"), /App 'nope' not found/);
    },
  },
  {
    name: "create-app",
    async wire({ wire, space }) {
      const body = { name: "wire-bare", relationships: { space: to(space.guid) } };
      const made = await wire.post(reads.app, "/v3/apps", body);
      assert.deepEqual([made.state, made.lifecycle.type], ["STOPPED", "buildpack"]);
      await wire.refused("POST", "/v3/apps", {
        body,
        status: 422,
        detail: /^App with the name 'wire-bare' already exists\.$/,
      });
    },
    async client({ cf, the }) {
      assert.match(
        await cf("create-app", "cf-bare"),
        /Creating app cf-bare in org conformance \/ space dev as admin\.\.\.\nUsing app type "buildpack"\nOK/,
      );
      assert.equal((await the("/v3/apps?names=cf-bare")).state, "STOPPED");
    },
    async more({ cf }) {
      const said = await cf("create-app", "cf-bare");
      assert.match(said, /App with the name 'cf-bare' already exists\.\nOK/);
    },
  },
  {
    name: "rename",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "wire-bare");
      const renamed = await wire.patch(reads.app, `/v3/apps/${guid}`, { name: "wire-bare-2" });
      assert.equal(renamed.name, "wire-bare-2");
    },
    async client({ cf, count }) {
      assert.match(
        await cf("rename", "cf-bare", "cf-bare-2"),
        /Renaming app cf-bare to cf-bare-2 in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/apps?names=cf-bare-2"), 1);
    },
  },
  {
    name: "logs",
    async wire({ wire, space }) {
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const lines = await push.readLog(wire, guid);
      assert.ok(
        lines.some((line) => line.includes("conformance app listens")),
        lines.join("\n"),
      );
    },
    async client({ cf }) {
      const out = await cf("logs", "demo", "--recent");
      assert.match(out, /Retrieving logs for app demo in org conformance \/ space dev as admin/);
      assert.match(
        out,
        /\n {3}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d[+-]\d{4} \[APP\/PROC\/WEB\/0\] OUT conformance app listens\n/,
      );
      assert.match(out, /\[STG\/0\] OUT /);
    },
  },
];

const startingAndStopping: readonly Command[] = [
  {
    name: "stop",
    async wire(world) {
      const { guid } = await push.appNamed(world.wire, world.space.guid, "wire-app");
      await stop(world, guid);
      await shows(world, `/v3/processes/${guid}/stats`, ({ resources }) =>
        resources.every(({ state }: { state: string }) => state === "DOWN"),
      );
      assert.equal(await answers(world, "wire-app"), 404);
    },
    async client(world) {
      assert.match(
        await world.cf("stop", "cf-app"),
        /Stopping app cf-app in org conformance \/ space dev as admin\.\.\.\n\n?OK|\nOK/,
      );
      assert.equal(await stateOf(world, "cf-app"), "STOPPED");
    },
    async more({ cf }) {
      assert.match(await cf("stop", "cf-app"), /App cf-app is already stopped\.\nOK/);
    },
  },
  {
    name: "start",
    async wire(world) {
      const { guid } = await push.appNamed(world.wire, world.space.guid, "wire-app");
      await newestDroplet(world, guid);
      await start(world, guid);
      await push.summary(world.wire, guid);
      assert.equal(await answers(world, "wire-app"), 200);
    },
    async client(world) {
      const out = await world.cf("start", "cf-app");
      assert.match(out, /Starting app cf-app in org conformance \/ space dev as admin\.\.\.\n/);
      assert.match(out, /Waiting for app to start\.\.\.[^]*#0\s+running/);
      assert.equal(await answers(world, "cf-app"), 200);
    },
    async more({ cf }) {
      assert.match(await cf("start", "cf-app"), /App 'cf-app' is already started\.\nOK/);
    },
  },
  {
    name: "restart",
    async wire(world) {
      const { guid } = await push.appNamed(world.wire, world.space.guid, "wire-app");
      await newestDroplet(world, guid);
      await stop(world, guid);
      await start(world, guid);
      await push.summary(world.wire, guid);
    },
    async client(world) {
      const out = await world.cf("restart", "cf-app");
      assert.match(
        out,
        /Restarting app cf-app in org conformance \/ space dev as admin\.\.\.\n\nStopping app\.\.\.\n\nWaiting for app to start\.\.\.[^]*#0\s+running/,
      );
      assert.equal(await answers(world, "cf-app"), 200);
    },
    async more(world) {
      // With any option the client sends all of them, those that are not given as null.
      const args = ["--strategy", "rolling", "--max-in-flight", "2"];
      assert.match(await world.cf("restart", "cf-app", ...args), /#0\s+running/);
      const { guid } = await world.the("/v3/apps?names=cf-app");
      const deployment = await world.the(`/v3/deployments?app_guids=${guid}`);
      assert.equal(deployment.options.max_in_flight, 2);
      assert.equal(deployment.status.reason, "DEPLOYED");
    },
  },
  {
    name: "delete",
    async wire({ wire, space, count }) {
      for (const name of ["wire-bare-2", "wire-app"]) {
        const { guid } = await push.appNamed(wire, space.guid, name);
        await wire.done("DELETE", `/v3/apps/${guid}`);
        assert.equal(await count(`/v3/apps?names=${name}`), 0);
      }
    },
    async client(world) {
      for (const name of ["cf-bare-2", "cf-app"]) {
        assert.match(
          await world.cf("delete", name, "-f"),
          new RegExp(`Deleting app ${name} in org conformance / space dev as admin\\.\\.\\.\\nOK`),
        );
        assert.equal(await world.count(`/v3/apps?names=${name}`), 0);
      }
    },
    async more({ cfWith }) {
      const stderr = /^App 'cf-app' does not exist\.\n$/;
      assert.match(await cfWith({ stderr }, "delete", "cf-app", "-f"), /OK/);
    },
  },
];

/** Deletes last: others use the apps that push has made. */
export const apps: readonly Command[] = [...pushing, ...lookingAtApps];
export const appStates: readonly Command[] = startingAndStopping;
