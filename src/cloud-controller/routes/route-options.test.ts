import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeOptions, optionFaults } from "./route-options.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";
import { firstSpace } from "../testing/tenants.ts";

test("optionFaults() tells what hash options may not be", () => {
  const balance = "Options Hash balance must be either 0 or between 1.1 and 10.0";
  const cases: [object, string[]][] = [
    [{ loadbalancing: "hash", hash_header: "X-User", hash_balance: "1.25" }, []],
    [{ loadbalancing: "hash", hash_header: "X-User", hash_balance: 0 }, []],
    [{ loadbalancing: null, hash_header: null, hash_balance: null }, []],
    [{ hash_balance: 1 }, [balance]],
    [{ hash_balance: "10.1" }, [balance]],
    [{ hash_balance: "much" }, ["Options Hash balance must be a numeric value"]],
    [{ hash_balance: "1".repeat(17) }, ["Options Hash balance must be at most 16 characters"]],
    [{ hash_header: "x".repeat(129) }, ["Options Hash header must be at most 128 characters"]],
    [
      { loadbalancing: "round-robin", hash_header: "X", hash_balance: 2 },
      [
        "Options Hash header can only be set when loadbalancing is hash",
        "Options Hash balance can only be set when loadbalancing is hash",
      ],
    ],
    [
      { hash_header: "x".repeat(1100) },
      [
        "Options must be smaller than 1024 bytes (actual size is 1118 bytes)",
        "Options Hash header must be at most 128 characters",
      ],
    ],
  ];
  for (const [options, faults] of cases) {
    assert.deepEqual(optionFaults(options, { hash: true }), faults, JSON.stringify(options));
  }
});

test("mergeOptions() keeps, replaces and takes away, and lets no hash option outlive hash", () => {
  const hashing = { loadbalancing: "hash", hash_header: "X", hash_balance: "2.0" };
  const cases: [Record<string, string>, object, object][] = [
    [{}, {}, {}],
    [
      {},
      { loadbalancing: "hash", hash_header: "X", hash_balance: "1.25" },
      { ...hashing, hash_balance: "1.3" },
    ],
    [hashing, { hash_balance: null }, { loadbalancing: "hash", hash_header: "X" }],
    [hashing, { loadbalancing: "round-robin" }, { loadbalancing: "round-robin" }],
    [hashing, { loadbalancing: null }, {}],
    [{ loadbalancing: "round-robin" }, {}, { loadbalancing: "round-robin" }],
  ];
  for (const [current, given, options] of cases) {
    assert.deepEqual(mergeOptions(current, { ...given }), { ok: true, options });
  }
  assert.deepEqual(mergeOptions({}, { loadbalancing: "hash" }), {
    ok: false,
    fault: "Hash header must be present when loadbalancing is set to hash.",
  });
});

test("options of a route are changed, kept, removed and shown; hash needs its flag", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const [domain] = (await admin.get("/v3/domains")).json.resources;
  const created = await admin.post("/v3/routes", {
    host: "x",
    options: { loadbalancing: "least-connection" },
    relationships: {
      space: { data: { guid: spaceGuid } },
      domain: { data: { guid: domain.guid } },
    },
  });
  const change = (options: unknown) => admin.patch(`/v3/routes/${created.json.guid}`, { options });

  const same = await change({});
  const early = await change({ loadbalancing: "hash", hash_header: "X-User" });
  await admin.patch("/v3/feature_flags/hash_based_routing", { enabled: true });
  const incomplete = await change({ loadbalancing: "hash" });
  const hashing = await change({ loadbalancing: "hash", hash_header: "X-User", hash_balance: 2 });
  const removed = await change({ loadbalancing: null });

  assert.deepEqual(same.json.options, { loadbalancing: "least-connection" });
  assert.equal(early.status, 422);
  assert.equal(
    incomplete.json.errors[0].detail,
    "Hash header must be present when loadbalancing is set to hash.",
  );
  assert.deepEqual(hashing.json.options, {
    loadbalancing: "hash",
    hash_header: "X-User",
    hash_balance: "2.0",
  });
  assert.deepEqual(removed.json.options, {});
});
