import assert from "node:assert/strict";
import { test } from "node:test";
import { desiredLrpRequest, instanceOf, netInfo } from "#diego/models/model-builders.ts";
import { forRequest } from "#kernel/http/request-id.ts";
import { bbsTestBed, eventually } from "./bbs-test-bed.ts";

test("an app goes from desired to running to removed, and every step is told", async () => {
  await using bed = await bbsTestBed();
  const { client } = bed;
  await bed.heartbeat("a");
  const stop = new AbortController();
  const seen: string[] = [];
  const events = await client.subscribeToLrpEvents(stop.signal);
  const listening = (async () => {
    for await (const event of events) seen.push(event.kind);
  })();
  const key = { processGuid: "web-1", index: 0, domain: "cf-apps" };

  await client.desireLrp(desiredLrpRequest());
  await client.claimActualLrp(key, instanceOf("a"));
  await client.startActualLrp({
    key,
    instanceKey: instanceOf("a"),
    netInfo: netInfo(),
    metricTags: {},
    routable: true,
  });
  const [running] = await client.actualLrps({ processGuid: "web-1" });
  await client.removeDesiredLrp("web-1");
  await eventually(() => bed.repCalls.length > 0);
  await client.removeActualLrp(key, instanceOf("a"));
  await eventually(() => seen.length === 6);
  stop.abort();
  await listening;

  assert.equal(running?.state, "RUNNING");
  assert.deepEqual(
    bed.lrpAuctions.map(({ processGuid, indices }) => [processGuid, indices]),
    [["web-1", [0]]],
  );
  assert.deepEqual(bed.repCalls, ["stop instance-a at http://127.0.0.1:1/cell-a"]);
  assert.deepEqual(await client.actualLrps(), []);
  assert.deepEqual(seen, [
    "desired_lrp_created",
    "actual_lrp_instance_created",
    "actual_lrp_instance_changed",
    "actual_lrp_instance_changed",
    "desired_lrp_removed",
    "actual_lrp_instance_removed",
  ]);
});

test("auctions are asked for, and refusals logged, for the request that caused them", async () => {
  await using bed = await bbsTestBed();
  const desire = (requestId: string | undefined, processGuid: string) =>
    forRequest(requestId, () => bed.client.desireLrp(desiredLrpRequest({ processGuid })));

  await Promise.all([desire("one", "web-1"), desire("two", "web-2"), desire(undefined, "web-3")]);
  await assert.rejects(desire("three", "web-1"));
  await eventually(() => bed.auctionsFor.length === 3);

  assert.deepEqual(new Set(bed.auctionsFor), new Set(["one", "two", undefined]));
  const told = (event: string) => bed.logger.lines.filter((line) => line.event === event);
  assert.deepEqual(
    told("bbs-request-refused").map(({ data }) => data["requestId"]),
    ["three"],
  );
  const served = told("bbs-request-served").filter(({ data }) => data["requestId"] === "two");
  assert.deepEqual(
    served.map(({ data }) => data["path"]),
    ["/v1/desired_lrp/desire.r2"],
  );
});

test("what a round of convergence asks for again, it asks for under the round's own id", async () => {
  await using bed = await bbsTestBed();
  await forRequest("one", () => bed.client.desireLrp(desiredLrpRequest()));
  await eventually(() => bed.auctionsFor.length === 1);

  await bed.clock.advance(31_000);
  await bed.heartbeat("a");
  await bed.converge();
  await eventually(() => bed.auctionsFor.length > 1);

  assert.equal(bed.auctionsFor[0], "one");
  assert.match(String(bed.auctionsFor[1]), /^bbs-convergence::[0-9a-f-]{36}$/);
});
