import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RunningLrp } from "#diego/models/actual-lrp.ts";
import { netInfo, runningOn } from "#diego/models/model-builders.ts";
import type { RouteRegistration } from "#router/client.ts";
import { parseCfRouter } from "./cf-router.ts";
import { planEmission, registrationsOf } from "./registrations.ts";

function process(
  ...cfRoutes: { hostnames: string[]; port: number; options?: Record<string, string> }[]
) {
  return { processGuid: "web-1", logGuid: "app-guid", instances: 2, metricTags, cfRoutes };
}

const metricTags = {
  process_id: { static: "process-guid" },
  process_instance_id: { dynamic: "INSTANCE_GUID" },
  instance_id: { dynamic: "INDEX" },
} as const;

const web = { hostnames: ["web.apps.localhost"], port: 8080 };

function message(instance: string, ...uris: string[]): RouteRegistration {
  return {
    host: "10.0.0.1",
    port: 8080,
    uris,
    app: "app",
    private_instance_id: instance,
    private_instance_index: "0",
    tags: {},
    endpoint_updated_at_ns: 1,
  };
}

test("an instance is registered at its own address, with what the router tells apps and logs", () => {
  // As an event of an instance brings it, without tags.
  const lrp = { ...runningOn("a", { index: 1 }), metricTags: {} };

  assert.deepEqual(registrationsOf(process(web), [lrp]), [
    {
      host: "10.255.0.2",
      port: 8080,
      uris: ["web.apps.localhost"],
      app: "app-guid",
      private_instance_id: "instance-a",
      private_instance_index: "1",
      tags: {
        component: "route-emitter",
        process_id: "process-guid",
        process_instance_id: "instance-a",
        instance_id: "1",
      },
      endpoint_updated_at_ns: lrp.since.getTime() * 1_000_000,
    },
  ]);
});

test("routes with other options are messages of their own; new options register again and lose no route", () => {
  const options = { loadbalancing: "least-connection" };
  const fast = { hostnames: ["fast.apps.localhost"], port: 8080, options };
  const before = registrationsOf(process(web, { ...fast, options: {} }), [runningOn("a")]);
  const after = registrationsOf(process(web, fast), [runningOn("a")]);

  assert.deepEqual(
    after.map(({ uris, options: told }) => [uris, told]),
    [
      [["web.apps.localhost"], undefined],
      [["fast.apps.localhost"], options],
    ],
  );
  const plan = planEmission(before, after);
  assert.deepEqual(plan, { register: [after[1]], unregister: [] });
});

for (const [preferredAddress, expected] of [
  ["INSTANCE", "10.255.0.2:61001"],
  ["HOST", "192.0.2.1:61001"],
  ["UNKNOWN", "192.0.2.1:61001"],
] as const) {
  test(`a cell that prefers ${preferredAddress} is reached at ${expected}`, () => {
    const lrp: RunningLrp = {
      ...runningOn("a"),
      netInfo: {
        ...netInfo(),
        address: "192.0.2.1",
        ports: [{ containerPort: 8080, hostPort: 61_001 }],
        preferredAddress,
      },
    };

    const [found] = registrationsOf(process(web), [lrp]);

    assert.equal(`${found?.host}:${found?.port}`, expected);
  });
}

for (const [what, lrp, cfRoutes] of [
  ["is not routable", { ...runningOn("a"), routable: false }, [web]],
  ["is beyond the desired number", runningOn("a", { index: 2 }), [web]],
  ["does not have the port", runningOn("a"), [{ ...web, port: 9090 }]],
  ["has no route", runningOn("a"), []],
  ["has a route without host names", runningOn("a"), [{ hostnames: [], port: 8080 }]],
  ["has no address", { ...runningOn("a"), netInfo: { ...netInfo(), instanceAddress: "" } }, [web]],
] as const) {
  test(`an instance that ${what} is not registered`, () => {
    const routes = cfRoutes.map((route) => ({ ...route, hostnames: [...route.hostnames] }));
    assert.deepEqual(registrationsOf(process(...routes), [lrp]), []);
  });
}

test("host names of one port go together, in lower case and once", () => {
  const found = registrationsOf(
    process(web, { hostnames: ["WEB.apps.localhost", "www.apps.localhost/Shop"], port: 8080 }),
    [runningOn("a")],
  );

  assert.deepEqual(
    found.map(({ uris }) => uris),
    [["web.apps.localhost", "www.apps.localhost/shop"]],
  );
});

test("planEmission() sends only what differs", () => {
  const plan = planEmission(
    [message("kept", "a"), message("shrunk", "a", "b"), message("gone", "a")],
    [message("kept", "a"), message("shrunk", "b"), message("new", "c")],
  );

  assert.deepEqual(plan, {
    register: [message("shrunk", "b"), message("new", "c")],
    unregister: [message("shrunk", "a"), message("gone", "a")],
  });
});

test("whatever was known, after the plan the router knows what is wanted, and a second plan is empty", () => {
  const messages = fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom("i", "j", "k"),
        fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
      ),
      { selector: ([instance]) => instance },
    )
    .map((pairs) => pairs.map(([instance, uris]) => message(instance, ...uris)));
  const pairsOf = (all: readonly RouteRegistration[]) =>
    new Set(all.flatMap((m) => m.uris.map((uri) => `${m.private_instance_id} ${uri}`)));

  fc.assert(
    fc.property(messages, messages, (known, wanted) => {
      const { register, unregister } = planEmission(known, wanted);

      const atRouter = new Set([...pairsOf(known), ...pairsOf(register)]);
      for (const pair of pairsOf(unregister)) atRouter.delete(pair);
      assert.deepEqual([...atRouter].sort(), [...pairsOf(wanted)].sort());
      assert.deepEqual(planEmission(wanted, wanted), { register: [], unregister: [] });
    }),
  );
});

for (const [what, text, expected] of [
  ["nothing", undefined, 0],
  ["no JSON", "{", 0],
  ["no array", '{"hostnames":["a"],"port":1}', 0],
  ["one good and one bad entry", '[{"hostnames":["a"],"port":1},{"hostnames":"a","port":0}]', 1],
  [
    "fields of a later version",
    '[{"hostnames":["a"],"port":1,"protocol":"http2","options":{}}]',
    1,
  ],
] as const) {
  test(`a cf-router of ${what} gives ${expected} routes`, () => {
    assert.equal(parseCfRouter(text === undefined ? {} : { "cf-router": text }).length, expected);
  });
}
