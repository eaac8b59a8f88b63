import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet } from "../testing/app-with-droplet.ts";
import { eventually } from "../testing/eventually.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("after a restart the sync ends what was lost, takes back what is unknown, and the domain is fresh", async () => {
  await using stage = await appWithDroplet({ config: { longPollMs: 0 } });
  const { bbs, cc, caller, app } = stage;
  const make = async () =>
    String((await caller.post(`/v3/apps/${app}/tasks`, { command: "x" })).json.guid);
  const [lost, unheard, cancelled, running] = [
    await make(),
    await make(),
    await make(),
    await make(),
  ];
  const definition = bbs.taskMap.get(running);
  const ended = bbs.taskMap.get(unheard);
  const stubborn = bbs.taskMap.get(cancelled);
  assert.ok(definition !== undefined && ended !== undefined && stubborn !== undefined);
  bbs.taskMap.delete(lost);
  bbs.taskMap.set(unheard, {
    ...ended,
    state: "COMPLETED",
    failed: true,
    failureReason: "Exited with status 1",
  });
  await caller.post(`/v3/tasks/${cancelled}/actions/cancel`);
  bbs.taskMap.set(cancelled, { ...stubborn, state: "RUNNING" });
  bbs.taskMap.set("orphan", { ...definition, taskGuid: "orphan", state: "RUNNING" });
  bbs.calls.length = 0;
  bbs.freshDomains.clear();

  await using again = await TestCloudController.start({
    bbs,
    directory: cc.directory,
    config: { longPollMs: 0 },
  });
  const admin = await again.admin();

  await eventually(async () => (bbs.freshDomains.get("cf-tasks") === 120 ? true : undefined));
  const read = async (guid: string) => {
    const { state, result } = (await admin.get(`/v3/tasks/${guid}`)).json;
    return [state, result.failure_reason];
  };
  assert.deepEqual(await read(lost), ["FAILED", "Unable to determine completion status"]);
  assert.deepEqual(await read(unheard), ["FAILED", "Exited with status 1"]);
  assert.deepEqual(await read(running), ["RUNNING", null]);
  assert.ok(bbs.calls.includes("cancelTask orphan"));
  assert.ok(bbs.calls.includes(`cancelTask ${cancelled}`));
  assert.ok(!bbs.calls.includes(`cancelTask ${running}`));
});
