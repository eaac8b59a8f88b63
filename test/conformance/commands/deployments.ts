import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { to } from "../look-up.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import { shows, type World } from "../world.ts";

const inTarget = "in org conformance \\/ space dev as admin\\.\\.\\.";

const demoOf = ({ wire, space }: World) => push.appNamed(wire, space.guid, "demo");

async function deploy({ api, demo }: World, body: object): Promise<string> {
  const made = await api("POST", "/v3/deployments", {
    ...body,
    relationships: { app: to(demo.guid) },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  return made.json.guid;
}

/** The client's polls: until the deployment is over, or a canary waits to be continued. */
async function deployed({ wire }: World, guid: string) {
  for (;;) {
    const deployment = await wire.get(reads.deployment, `/v3/deployments/${guid}`);
    const { value, reason } = deployment.status;
    if (value === "FINALIZED" || reason === "PAUSED") return deployment;
  }
}

const activeOf = (app: string) =>
  `/v3/deployments?app_guids=${app}&order_by=-created_at&page=1&per_page=1&status_values=ACTIVE`;

const paused = (world: World, guid: string) =>
  shows(world, `/v3/deployments/${guid}`, ({ status }) => status.reason === "PAUSED");

const finalized = (world: World, guid: string, reason: string) =>
  shows(world, `/v3/deployments/${guid}`, ({ status }) => status.reason === reason);

const looking: readonly Command[] = [
  {
    name: "revisions",
    async wire(world) {
      const { wire } = world;
      const { guid } = await demoOf(world);
      await wire.get(reads.feature, `/v3/apps/${guid}/features/revisions`);
      const all = await wire.list(
        reads.revision,
        `/v3/apps/${guid}/revisions?order_by=-created_at`,
      );
      const deployed = await wire.list(reads.revision, `/v3/apps/${guid}/revisions/deployed`);
      assert.equal(deployed[0]?.version, all[0]?.version);
      assert.equal(all.at(-1)?.description, "Initial revision.");
    },
    async client({ cf }) {
      const out = await cf("revisions", "demo");
      assert.match(out, new RegExp(`Getting revisions for app demo ${inTarget}`));
      assert.match(
        out,
        /revision\s+description\s+deployable\s+revision guid\s+created at\n\d+\(deployed\)\s+/,
      );
      assert.match(out, /\n1\S*\s+Initial revision\.\s+true\s+/);
    },
  },
  {
    name: "revision",
    async wire(world) {
      const { wire } = world;
      const { guid } = await demoOf(world);
      await wire.list(reads.revision, `/v3/apps/${guid}/revisions/deployed`);
      const revision = await wire.one(
        reads.revision,
        `/v3/apps/${guid}/revisions?page=1&per_page=2&versions=1`,
      );
      await wire.get(
        z.object({ var: z.record(z.string(), z.string()) }),
        revision.links.environment_variables.href,
      );
    },
    async client({ cf, cfFails }) {
      const out = await cf("revision", "demo", "--version", "1");
      assert.match(out, new RegExp(`Showing revision 1 for app demo ${inTarget}`));
      assert.match(
        out,
        /revision:\s+1\ndeployed:\s+(true|false)\ndescription:\s+Initial revision\.\n/,
      );
      assert.match(await cfFails("revision", "demo", "--version", "99"), /Revision '99' not found/);
    },
  },
];

export const deployments: readonly Command[] = [
  ...looking,
  {
    name: "rollback",
    async wire(world) {
      const { wire, api, demo } = world;
      // Something to roll back from: another environment makes another revision.
      await api("PATCH", `/v3/apps/${demo.guid}/environment_variables`, { var: { STEP: "wire" } });
      await finalized(world, await deploy(world, {}), "DEPLOYED");
      const { guid } = await demoOf(world);
      await wire.list(reads.revision, `/v3/apps/${guid}/revisions?order_by=-created_at`);
      const target = await wire.one(
        reads.revision,
        `/v3/apps/${guid}/revisions?page=1&per_page=2&versions=1`,
      );
      const made = await wire.post(reads.deployment, "/v3/deployments", {
        strategy: "rolling",
        revision: { guid: target.guid },
        relationships: { app: to(guid) },
      });
      const { status } = await deployed(world, made.guid);
      assert.equal(status.reason, "DEPLOYED");
      await push.running(wire, guid);
      await push.summary(wire, guid);
      const { json } = await api("GET", `/v3/apps/${guid}/revisions/deployed`);
      assert.match(json.resources[0].description, /Rolled back to revision 1\./);
    },
    async client(world) {
      const { api, demo } = world;
      await api("PATCH", `/v3/apps/${demo.guid}/environment_variables`, { var: { STEP: "cf" } });
      await finalized(world, await deploy(world, {}), "DEPLOYED");
      const out = await world.cf("rollback", "demo", "--version", "1", "-f");
      assert.match(out, new RegExp(`Rolling back to revision 1 for app demo ${inTarget}\\n`));
      assert.match(out, /Waiting for app to deploy\.\.\.[^]*#0\s+running/);
      const { json } = await api("GET", `/v3/apps/${demo.guid}/revisions/deployed`);
      assert.match(json.resources[0].description, /Rolled back to revision 1\./);
      assert.doesNotMatch((await world.platform.fetchApp("demo.apps.localhost")).body, /"STEP"/);
    },
  },
  {
    name: "cancel-deployment",
    async wire(world) {
      const deployment = await deploy(world, { strategy: "canary" });
      await paused(world, deployment);
      const { guid } = await demoOf(world);
      const active = await world.wire.one(reads.deployment, activeOf(guid));
      assert.equal(active.guid, deployment);
      await world.wire.send("POST", `/v3/deployments/${active.guid}/actions/cancel`);
      await finalized(world, deployment, "CANCELED");
    },
    async client(world) {
      const deployment = await deploy(world, { strategy: "canary" });
      await paused(world, deployment);
      assert.match(
        await world.cf("cancel-deployment", "demo"),
        new RegExp(`Canceling deployment for app demo ${inTarget}\\nOK\\n\\nTIP: Run`),
      );
      await finalized(world, deployment, "CANCELED");
    },
    async more({ cfFails }) {
      assert.match(
        await cfFails("cancel-deployment", "demo"),
        /No active deployment found for app\./,
      );
    },
  },
  {
    name: "continue-deployment",
    async wire(world) {
      const { wire } = world;
      const deployment = await deploy(world, { strategy: "canary" });
      await paused(world, deployment);
      const { guid } = await demoOf(world);
      const active = await wire.one(reads.deployment, activeOf(guid));
      await wire.send("POST", `/v3/deployments/${active.guid}/actions/continue`);
      await finalized(world, deployment, "DEPLOYED");
      const { status } = await deployed(world, active.guid);
      assert.equal(status.value, "FINALIZED");
      await push.summary(wire, guid);
    },
    async client(world) {
      const deployment = await deploy(world, { strategy: "canary" });
      await paused(world, deployment);
      const out = await world.cf("continue-deployment", "demo");
      assert.match(out, new RegExp(`Continuing deployment for app demo ${inTarget}`));
      assert.match(out, /TIP: Run 'cf\S* app demo' to view app status\./);
      await finalized(world, deployment, "DEPLOYED");
    },
  },
];
