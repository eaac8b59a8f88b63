import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { taskDefinition } from "#diego/models/model-builders.ts";
import { bbsTestBed, eventually, refusedAs, type BbsTestBed } from "./bbs-test-bed.ts";

// The life of tasks, through the API that Cloud Controller and cells use.

function desire(bed: BbsTestBed, completionCallbackUrl = "", taskGuid = "task-1"): Promise<void> {
  const definition = taskDefinition({ completionCallbackUrl, annotation: "{}" });
  return bed.client.desireTask({ definition, taskGuid, domain: "cf-app-staging" });
}

const completion = {
  taskGuid: "task-1",
  cellId: "cell-a",
  failed: false,
  failureReason: "",
  result: '{"lifecycle_type":"buildpack"}',
};

async function stateOf(bed: BbsTestBed): Promise<string | undefined> {
  return (await bed.client.taskByGuid("task-1"))?.state;
}

/** Cloud Controller's end of a callback: answers with the given statuses, the last one for ever. */
async function callbackServer(...statuses: readonly number[]) {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      bodies.push(JSON.parse(body));
      response.writeHead(statuses[bodies.length - 1] ?? statuses.at(-1) ?? 200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    url: `http://127.0.0.1:${address.port}/internal/v4/tasks/task-1/completed`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("a desired task waits for a cell and asks for one", async () => {
  await using bed = await bbsTestBed();
  await desire(bed);
  await eventually(() => bed.taskAuctions.length === 1);

  const task = await bed.client.taskByGuid("task-1");
  assert.equal(task?.state, "PENDING");
  assert.deepEqual(task.definition, taskDefinition({ annotation: "{}" }));
  assert.deepEqual(bed.taskAuctions[0], {
    taskGuid: "task-1",
    domain: "cf-app-staging",
    resource: { memoryMb: 256, diskMb: 1024, maxPids: 1024 },
    placementConstraint: { placementTags: [], rootFs: "preloaded:cflinuxfs4" },
    origin: { owner: "", logGuid: "app-guid", logSource: "CELL" },
  });
  await assert.rejects(desire(bed), refusedAs("ResourceExists"));
  await assert.rejects(desire(bed, "", "a/b"), refusedAs("InvalidRequest"));
});

test("whose a task is goes to the auction, for owners to take turns", async () => {
  await using bed = await bbsTestBed();
  const metricTags = { organization_id: { static: "org-1" }, app_name: { static: "app" } };
  const definition = taskDefinition({ metricTags });
  await bed.client.desireTask({ definition, taskGuid: "task-1", domain: "cf-app-staging" });
  await eventually(() => bed.taskAuctions.length === 1);

  assert.equal(bed.taskAuctions[0]?.origin?.owner, "org-1");
});

test("only the first start of a task starts it, and only its cell completes it", async () => {
  await using bed = await bbsTestBed();
  await desire(bed);

  assert.deepEqual(await bed.client.startTask("task-1", "cell-a"), { shouldStart: true });
  assert.deepEqual(await bed.client.startTask("task-1", "cell-a"), { shouldStart: false });
  await assert.rejects(
    bed.client.startTask("task-1", "cell-b"),
    refusedAs("RunningOnDifferentCell"),
  );
  await assert.rejects(
    bed.client.completeTask({ ...completion, cellId: "cell-b" }),
    refusedAs("RunningOnDifferentCell"),
  );
  await bed.client.completeTask(completion);
  await assert.rejects(bed.client.completeTask(completion), refusedAs("InvalidStateTransition"));
  assert.equal((await bed.client.taskByGuid("task-1"))?.result, completion.result);
});

test("the owner of a completed task is told everything once, then the task is gone", async () => {
  await using bed = await bbsTestBed();
  await using owner = await callbackServer(200);
  await desire(bed, owner.url);
  await bed.client.startTask("task-1", "cell-a");
  await bed.client.completeTask(completion);
  await eventually(async () => (await stateOf(bed)) === undefined);

  assert.deepEqual(owner.bodies, [
    {
      task_guid: "task-1",
      failed: false,
      failure_reason: "",
      result: completion.result,
      annotation: "{}",
      created_at: bed.clock.now().getTime() * 1_000_000,
    },
  ]);
});

for (const status of [302, 404, 500, 502]) {
  test(`an owner that answers ${status} has heard`, async () => {
    await using bed = await bbsTestBed();
    await using owner = await callbackServer(status);
    await desire(bed, owner.url);
    await bed.client.cancelTask("task-1");
    await eventually(async () => (await stateOf(bed)) === undefined);
    assert.equal(owner.bodies.length, 1);
  });
}

test("an owner that is not ready is told again at once", async () => {
  await using bed = await bbsTestBed();
  await using owner = await callbackServer(503, 504, 200);
  await desire(bed, owner.url);
  await bed.client.cancelTask("task-1");
  await eventually(async () => (await stateOf(bed)) === undefined);
  assert.equal(owner.bodies.length, 3);
});

test("an owner that stays away is told again by convergence, until the task expires", async () => {
  await using bed = await bbsTestBed({ convergeIntervalMs: 3_600_000 });
  await using owner = await callbackServer(503);
  await desire(bed, owner.url);
  await bed.client.cancelTask("task-1");
  await eventually(() => owner.bodies.length === 3);
  const untold = await stateOf(bed);
  await bed.clock.advance(30_000);
  await bed.converge();
  await eventually(() => owner.bodies.length === 6);
  await bed.clock.advance(90_000);
  await bed.converge();

  assert.equal(untold, "RESOLVING");
  assert.equal(await stateOf(bed), undefined);
});

test("an owner that does not answer is given ten seconds", async () => {
  await using bed = await bbsTestBed({ convergeIntervalMs: 3_600_000 });
  let calls = 0;
  const silent = createServer(() => {
    calls += 1;
  });
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  assert.ok(address !== null && typeof address === "object");
  await desire(bed, `http://127.0.0.1:${address.port}/`);
  await bed.client.cancelTask("task-1");
  for (let call = 1; call <= 3; call += 1) {
    await eventually(() => calls === call);
    await bed.clock.advance(10_000);
  }
  silent.closeAllConnections();
  silent.close();

  await eventually(
    () => bed.logger.lines.filter(({ event }) => event === "task-callback-failed").length === 3,
  );
  assert.equal(await stateOf(bed), "RESOLVING");
});

test("a fourth rejection fails the task, and its owner hears the last reason", async () => {
  await using bed = await bbsTestBed();
  await using owner = await callbackServer(200);
  await desire(bed, owner.url);
  for (const cell of ["1", "2", "3"]) await bed.client.rejectTask("task-1", `no room on ${cell}`);
  const surviving = await bed.client.taskByGuid("task-1");
  await bed.client.rejectTask("task-1", "insufficient resources: memory");
  await eventually(() => owner.bodies.length === 1);

  assert.equal(surviving?.state, "PENDING");
  assert.equal(surviving.rejectionCount, 3);
  assert.equal(
    (owner.bodies[0] as { failure_reason: string }).failure_reason,
    "insufficient resources: memory",
  );
});

test("cancelling a running task tells its owner and its cell", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await desire(bed);
  await bed.client.startTask("task-1", "cell-a");
  await bed.client.cancelTask("task-1");
  await eventually(() => bed.repCalls.length === 1);

  const task = await bed.client.taskByGuid("task-1");
  assert.deepEqual(bed.repCalls, ["cancel task-1 at http://127.0.0.1:1/cell-a"]);
  assert.equal(task?.failureReason, "task was cancelled");
  await assert.rejects(bed.client.cancelTask("task-1"), refusedAs("InvalidStateTransition"));
});

test("a task of a lost cell fails and its owner hears at once", async () => {
  await using bed = await bbsTestBed();
  await using owner = await callbackServer(200);
  await bed.heartbeat("a");
  await desire(bed, owner.url);
  await bed.client.startTask("task-1", "cell-a");
  await bed.clock.advance(15_000);
  await eventually(() => owner.bodies.length === 1);

  assert.equal(
    (owner.bodies[0] as { failure_reason: string }).failure_reason,
    "cell disappeared before completion",
  );
});

test("a pending task is offered again by each periodic pass", async () => {
  await using bed = await bbsTestBed();
  await bed.heartbeat("a");
  await desire(bed);
  await eventually(() => bed.taskAuctions.length === 1);
  await bed.clock.advance(30_000);
  await bed.converge();
  await eventually(() => bed.taskAuctions.length > 1);
});

test("tasks are found by domain and cell; one that is unknown is not", async () => {
  await using bed = await bbsTestBed();
  await desire(bed);
  await desire(bed, "", "task-2");
  await bed.client.startTask("task-2", "cell-a");

  assert.equal((await bed.client.tasks()).length, 2);
  assert.equal((await bed.client.tasks({ domain: "cf-tasks" })).length, 0);
  assert.deepEqual(
    (await bed.client.tasks({ cellId: "cell-a" })).map(({ taskGuid }) => taskGuid),
    ["task-2"],
  );
  assert.equal(await bed.client.taskByGuid("task-3"), undefined);
  await assert.rejects(bed.client.cancelTask("task-3"), refusedAs("ResourceNotFound"));
});
