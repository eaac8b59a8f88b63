import assert from "node:assert/strict";
import { test } from "node:test";
import { forRequest } from "#kernel/http/request-id.ts";
import { AuctionQueue, onlyRequestOf } from "./auction-queue.ts";

const demand = {
  domain: "cf-apps",
  resource: { memoryMb: 1, diskMb: 1, maxPids: 0 },
  placementConstraint: { rootFs: "preloaded:cflinuxfs4", placementTags: [] },
};

test("each instance and task is for the request that asked first, and a round for one is held in its name", () => {
  const queue = new AuctionQueue();
  const ask = (requestId: string | undefined, processGuid: string) =>
    forRequest(requestId, () => queue.addLrps({ ...demand, processGuid, indices: [0] }));

  ask("one", "a");
  ask("two", "a");
  forRequest("one", () => queue.addTask({ ...demand, taskGuid: "t" }));
  const ofOne = queue.drain();
  queue.putBack(ofOne);
  ask("two", "b");
  const ofTwo = queue.drain();
  ask(undefined, "c");

  assert.equal(onlyRequestOf(ofOne), "one");
  assert.deepEqual(
    [...ofTwo.lrps, ...ofTwo.tasks].map(({ requestId }) => requestId),
    ["one", "two", "one"],
  );
  assert.equal(onlyRequestOf(ofTwo), undefined);
  assert.equal(onlyRequestOf(queue.drain()), undefined);
});
