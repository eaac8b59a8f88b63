import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { DatabaseConfig } from "#db/database-config.ts";
import { testDatabase } from "#db/testing/test-database.ts";
import { FakeClock } from "#kernel/clock/fake-clock.ts";
import {
  desiredLrpRequest,
  instanceOf,
  netInfo,
  taskDefinition,
} from "#diego/models/model-builders.ts";
import { bbsMigrations } from "./migrations/all.ts";
import { bbsTestBed, eventually } from "./bbs-test-bed.ts";

// What outlives the process. Nothing is said to the first BBS on purpose before the second opens its database: each
// acknowledged change must be there by itself.

async function aDatabase(context: TestContext): Promise<DatabaseConfig> {
  const folder = await mkdtemp(path.join(tmpdir(), "bbs-"));
  context.after(() => rm(folder, { recursive: true }));
  return await testDatabase(bbsMigrations, path.join(folder, "bbs.db"));
}

test("what was acknowledged is there after a restart, and nobody is declared lost at once", async (t) => {
  const database = await aDatabase(t);
  const clock = new FakeClock();
  await using before = await bbsTestBed({ database, clock });
  await before.heartbeat("a");
  await before.client.upsertDomain("cf-apps", 120);
  await before.client.desireLrp(desiredLrpRequest());
  const key = { processGuid: "web-1", index: 0, domain: "cf-apps" };
  const started = { instanceKey: instanceOf("a"), netInfo: netInfo(), metricTags: { a: "b" } };
  await before.client.startActualLrp({ key, ...started, routable: false });
  const rows = await before.client.actualLrps();

  await using after = await bbsTestBed({ database, clock });
  await after.converge();

  assert.deepEqual(await after.client.cells(), []);
  assert.deepEqual(await after.client.actualLrps(), rows);
  assert.deepEqual(await after.client.domains(), ["cf-apps"]);
  assert.deepEqual(await after.client.desiredLrps(), await before.client.desiredLrps());
});

test("a cell that stays away after a restart is lost once it could have said otherwise", async (t) => {
  const database = await aDatabase(t);
  const clock = new FakeClock();
  const key = { processGuid: "web-1", index: 0, domain: "cf-apps" };
  {
    await using before = await bbsTestBed({ database, clock });
    await before.client.desireLrp(desiredLrpRequest());
    const started = { instanceKey: instanceOf("a"), netInfo: netInfo(), metricTags: {} };
    await before.client.startActualLrp({ key, ...started, routable: true });
  }

  await using after = await bbsTestBed({ database, clock });
  await after.clock.advance(15_000);
  await eventually(async () => (await after.client.actualLrps()).length === 2);

  assert.deepEqual((await after.client.actualLrps()).map(({ presence }) => presence).toSorted(), [
    "ORDINARY",
    "SUSPECT",
  ]);
});

test("what waited for a cell is offered to the first that comes after a restart", async (t) => {
  const database = await aDatabase(t);
  const clock = new FakeClock();
  {
    await using before = await bbsTestBed({ database, clock });
    await before.client.desireLrp(desiredLrpRequest());
    const definition = taskDefinition();
    await before.client.desireTask({ definition, taskGuid: "task-1", domain: "cf-tasks" });
    await clock.advance(1);
  }

  await using after = await bbsTestBed({ database, clock });
  await after.converge();
  const withoutCells = after.lrpAuctions.length + after.taskAuctions.length;
  await after.heartbeat("a");
  await eventually(() => after.lrpAuctions.length > 0 && after.taskAuctions.length > 0);

  assert.equal(withoutCells, 0);
});

test("a callback that a killed process was at is made again at once", async (t) => {
  const database = await aDatabase(t);
  const clock = new FakeClock();
  let status = 503;
  const bodies: string[] = [];
  const owner = createServer((request, response) => {
    request.resume().on("end", () => {
      bodies.push(String(status));
      response.writeHead(status).end();
    });
  });
  owner.listen(0, "127.0.0.1");
  await once(owner, "listening");
  t.after(() => {
    owner.closeAllConnections();
    owner.close();
  });
  const address = owner.address();
  assert.ok(address !== null && typeof address === "object");
  const completionCallbackUrl = `http://127.0.0.1:${address.port}/`;
  {
    await using before = await bbsTestBed({ database, clock });
    const definition = taskDefinition({ completionCallbackUrl });
    await before.client.desireTask({ definition, taskGuid: "task-1", domain: "cf-tasks" });
    await before.client.cancelTask("task-1");
    await eventually(() => bodies.length === 3);
    await clock.advance(10);
  }
  status = 200;

  await using after = await bbsTestBed({ database, clock });
  await eventually(async () => (await after.client.taskByGuid("task-1")) === undefined);

  assert.deepEqual(bodies, ["503", "503", "503", "200"]);
});
