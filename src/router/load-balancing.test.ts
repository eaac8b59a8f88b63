import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteOptions } from "./client.ts";
import { Endpoint } from "./endpoint.ts";
import { EndpointPool } from "./endpoint-pool.ts";

function pool(count: number, options?: RouteOptions) {
  const made = new EndpointPool("web.apps.localhost");
  made.setOptions(options);
  const endpoints = Array.from(
    { length: count },
    (_, index) =>
      new Endpoint(
        {
          host: "10.0.0.1",
          port: 8000 + index,
          uris: ["web.apps.localhost"],
          app: "app",
          private_instance_id: `instance-${index}`,
          private_instance_index: String(index),
          tags: {},
          endpoint_updated_at_ns: 1,
        },
        0,
      ),
  );
  for (const endpoint of endpoints) made.add(endpoint);
  const choose = (hashed?: string, tried: readonly Endpoint[] = []) => {
    const choice = made.choose((endpoint) => !tried.includes(endpoint), 0, hashed);
    assert.equal(choice.kind, "endpoint");
    return choice.kind === "endpoint" ? choice.endpoint : assert.fail();
  };
  return { made, endpoints, choose };
}

const hash = { loadbalancing: "hash", hash_header: "X-User" };

test("without options, or with those that say nothing, instances take turns", () => {
  for (const options of [undefined, {}, { loadbalancing: "dice" }, { loadbalancing: "hash" }]) {
    const { endpoints, choose } = pool(3, options);
    assert.deepEqual([choose(), choose(), choose(), choose()], [...endpoints, endpoints[0]]);
  }
});

test("least-connection takes the instance with the fewest requests, by turns where they are even", () => {
  const { endpoints, choose } = pool(3, { loadbalancing: "least-connection" });
  const [first, second, third] = endpoints;
  assert.ok(first !== undefined && second !== undefined);
  first.inFlight = 2;
  second.inFlight = 1;
  assert.deepEqual(
    [choose(), choose(), choose(undefined, [third ?? first])],
    [third, third, second],
  );
  first.inFlight = 0;
  second.inFlight = 0;
  assert.equal(new Set([choose(), choose(), choose()]).size, 3);
});

test("hash sends one value to one instance, spreads values, and moves only what was an instance's own", () => {
  const { made, endpoints, choose } = pool(4, hash);
  const values = Array.from({ length: 200 }, (_, index) => `user-${index}`);
  const before = new Map(values.map((value) => [value, choose(value)]));

  assert.ok(values.every((value) => choose(value) === before.get(value)));
  assert.equal(new Set(before.values()).size, 4);
  const [gone] = endpoints;
  assert.ok(gone !== undefined);
  made.remove(gone, 0);
  for (const [value, endpoint] of before) {
    if (endpoint !== gone) assert.equal(choose(value), endpoint);
  }
  assert.equal(made.hashHeader, "x-user");
});

test("hash passes over an instance with far more than its share, and goes by turns without the header", () => {
  const { choose } = pool(3, { ...hash, hash_balance: "1.5" });
  const favourite = choose("user");
  favourite.inFlight = 30;
  assert.notEqual(choose("user"), favourite);
  favourite.inFlight = 0;
  assert.equal(choose("user"), favourite);
  assert.equal(new Set([choose(), choose(), choose()]).size, 3);
});
