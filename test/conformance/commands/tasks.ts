import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import { shows, type World } from "../world.ts";

const inTarget = "in org conformance \\/ space dev as admin\\.\\.\\.";

const numbered = (app: string, sequence: number) =>
  `/v3/apps/${app}/tasks?page=1&per_page=1&sequence_ids=${sequence}`;

async function run({ api, demo }: World, name: string, command: string) {
  const made = await api("POST", `/v3/apps/${demo.guid}/tasks`, {
    name,
    command,
    memory_in_mb: 64,
  });
  assert.equal(made.status, 202, JSON.stringify(made.json));
  return made.json;
}

export const tasks: readonly Command[] = [
  {
    name: "run-task",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const made = await wire.post(reads.task, `/v3/apps/${guid}/tasks`, {
        command: "echo it runs",
        name: "x-task",
        memory_in_mb: 64,
      });
      assert.equal(made.name, "x-task");
      await shows(world, `/v3/tasks/${made.guid}`, ({ state }) => state === "SUCCEEDED");
      await wire.get(reads.task, `/v3/tasks/${made.guid}`);
    },
    async client(world) {
      const args = ["--command", "echo it runs", "--name", "x-task", "-m", "64M", "--wait"];
      const out = await world.cf("run-task", "demo", ...args);
      assert.match(out, new RegExp(`Creating task for app demo ${inTarget}`));
      assert.match(
        out,
        /Task has been submitted successfully for execution\.\nOK\n\ntask name:\s+x-task\ntask id:\s+\d+/,
      );
      assert.match(out, /Task has completed successfully\.\nOK/);
      const { resources } = (await world.api("GET", `/v3/apps/${world.demo.guid}/tasks`)).json;
      assert.deepEqual(
        [...new Set(resources.map(({ state }: { state: string }) => state))],
        ["SUCCEEDED"],
      );
    },
    async more({ cf, cfFails }) {
      assert.match(
        await cf("run-task", "demo", "--process", "task", "--wait"),
        /completed successfully/,
      );
      assert.match(
        await cfFails("run-task", "demo", "--command", "exit 3", "-m", "64M", "--wait"),
        /Task failed to complete successfully/,
      );
    },
  },
  {
    name: "tasks",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const all = await wire.list(reads.task, `/v3/apps/${guid}/tasks?per_page=5000`);
      assert.ok(all.length > 0);
    },
    async client({ cf }) {
      const out = await cf("tasks", "demo");
      assert.match(out, new RegExp(`Getting tasks for app demo ${inTarget}`));
      assert.match(out, /id\s+name\s+state\s+start time\s+command\n/);
      assert.match(out, /\d+\s+x-task\s+SUCCEEDED\s+.+\s+echo it runs\n/);
    },
  },
  {
    name: "task",
    async wire(world) {
      const { wire, space } = world;
      const { guid } = await push.appNamed(wire, space.guid, "demo");
      const { sequence_id } = await wire.one(reads.task, numbered(guid, 1));
      assert.equal(sequence_id, 1);
    },
    async client({ cf, cfFails }) {
      const out = await cf("task", "demo", "1");
      assert.match(out, new RegExp(`Getting task 1 for app demo ${inTarget}`));
      assert.match(out, /id:\s+1\nname:\s+x-task\nstate:\s+SUCCEEDED\n[^]*command:\s+echo it runs/);
      assert.match(await cfFails("task", "demo", "99"), /Task sequence ID 99 not found\./);
    },
  },
  {
    name: "terminate-task",
    async wire(world) {
      const { wire, space } = world;
      const made = await run(world, "wire-long", "sleep 1000");
      const { guid: app } = await push.appNamed(wire, space.guid, "demo");
      const { guid } = await wire.one(reads.task, numbered(app, made.sequence_id));
      const { state } = await wire.read(reads.task, "PUT", `/v3/tasks/${guid}/cancel`);
      assert.equal(state, "CANCELING");
      await shows(world, `/v3/tasks/${guid}`, (task) => task.state === "FAILED");
    },
    async client(world) {
      const { guid, sequence_id } = await run(world, "cf-long", "sleep 1000");
      assert.match(
        await world.cf("terminate-task", "demo", String(sequence_id)),
        new RegExp(`Terminating task ${sequence_id} of app demo ${inTarget}\\nOK`),
      );
      await shows(world, `/v3/tasks/${guid}`, (task) => task.state === "FAILED");
    },
  },
];
