import assert from "node:assert/strict";
import { test } from "node:test";
import { TestUser } from "../testing/run-in-test.ts";
import { StubCloudFoundry } from "../testing/stub-cloud-foundry.ts";

const fault = {
  kind: "droplets",
  guid: "guid-3",
  bucket: "cc-droplets",
  path: "gu/id/guid-3/sha",
  fault: "missing",
};
const orphan = { bucket: "cc-packages", path: "0a/bc/0abc", size: 2_048 };

/** A platform with three droplets on two pages, and one orphan among 256 blobs. */
async function startStub(faults: readonly unknown[]) {
  const stub = await StubCloudFoundry.start();
  return stub
    .on(/GET \/rivera\/v1\/blob_rows/, ({ query }) => {
      if (query.get("kind") !== "droplets") return { json: { checked: 0, faults: [], next: null } };
      if (query.get("after") === "") return { json: { checked: 2, faults: [], next: "guid-2" } };
      assert.equal(query.get("after"), "guid-2");
      return { json: { checked: 1, faults, next: null } };
    })
    .on(/(GET|DELETE) \/rivera\/v1\/orphaned_blobs/, ({ query }) => ({
      json: { checked: 1, orphans: query.get("folder") === "0a" ? [orphan] : [] },
    }));
}

test("blobs verify goes through all rows and blobs, changes nothing, and ends with 0 where all is well", async () => {
  await using stub = await startStub([]);
  await using user = await TestUser.loggedIn(stub.url);

  const { code, out, err } = await user.run(["blobs", "verify"]);

  assert.equal(
    out,
    `0 packages checked
3 droplets checked
0 buildpacks checked
0 packs checked
256 blobs checked: 1 blob (2K) that nobody names
  cc-packages/0a/bc/0abc
`,
  );
  assert.deepEqual([code, err], [0, ""]);
  assert.deepEqual([...new Set(stub.requests.map(({ method }) => method))], ["GET"]);
  assert.deepEqual(stub.unexpected, []);
});

test("blobs verify fails where a blob is missing, for people and as JSON", async () => {
  await using stub = await startStub([fault]);
  await using user = await TestUser.loggedIn(stub.url);

  const people = await user.run(["blobs", "verify", "--content"]);
  const json = await user.run(["blobs", "verify", "--json"]);

  assert.equal(people.code, 1);
  assert.match(people.out, /missing +droplets +guid-3/);
  assert.equal(people.err, "1 blobs are missing or corrupt\n");
  assert.equal(stub.request("GET /rivera/v1/blob_rows").query.get("content"), "false");
  assert.ok(stub.requests.some(({ query }) => query.get("content") === "true"));
  assert.deepEqual([json.code, json.err], [1, ""]);
  const report: unknown = JSON.parse(json.out);
  assert.deepEqual(report, {
    rows: [
      { kind: "packages", count: 0 },
      { kind: "droplets", count: 3 },
      { kind: "buildpacks", count: 0 },
      { kind: "packs", count: 0 },
    ],
    faults: [fault],
    blobs: 256,
    orphans: [orphan],
    removed: false,
  });
});

test("blobs gc removes what nobody names and is older than the grace", async () => {
  await using stub = await startStub([fault]);
  await using user = await TestUser.loggedIn(stub.url);

  const { code, out } = await user.run(["blobs", "gc", "--grace", "60"]);

  assert.equal(code, 0);
  assert.match(out, /1 blob \(2K\) that nobody names, removed/);
  const removals = stub.requests.filter(({ method }) => method === "DELETE");
  const folders = new Set(removals.map(({ query }) => query.get("folder")));
  assert.equal(folders.size, 256);
  assert.ok(removals.every(({ query }) => query.get("grace") === "60"));
});

test("blobs refuses another action and a grace that is no number", async () => {
  await using stub = await startStub([]);
  await using user = await TestUser.loggedIn(stub.url);

  for (const words of [["blobs", "mend"], ["blobs", "gc", "--grace", "1h"], ["blobs"]]) {
    const { code, err } = await user.run(words);
    assert.equal(code, 1, words.join(" "));
    assert.match(err, /Incorrect Usage/);
  }
  assert.deepEqual(stub.requests, []);
});
