import assert from "node:assert/strict";
import { test } from "node:test";
import { Developer } from "../testing/developer.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("destinations that may not be are refused, each by its place in the list", async () => {
  await using cc = await TestCloudController.start();
  const { caller, app, destinations, developer } = await setting(cc);
  const space = await caller.post("/v3/spaces", {
    name: "other",
    relationships: { organization: { data: { guid: await organizationGuid(cc) } } },
  });
  const elsewhere = { guid: await developer.createApp("elsewhere", space.json.guid) };
  const many = Array.from({ length: 101 }, () => ({ app }));
  const insertions: [unknown, string][] = [
    [[], "Destinations must be an array containing between 1 and 100 destination objects."],
    [many, "Destinations must be an array containing between 1 and 100 destination objects."],
    ["all", "Destinations must be an array containing between 1 and 100 destination objects."],
    [[7], "Destinations[0]: must be an object."],
    [[{}], 'Destinations[0]: must have an "app".'],
    [
      [{ app }, { app, colour: "red" }],
      'Destinations[1]: must have only "app" and optionally "weight", "port" or "protocol".',
    ],
    [[{ app: {} }], 'Destinations[0]: app must have the structure {"guid": "app_guid"}'],
    [
      [{ app: { ...app, process: { type: "" } } }],
      'Destinations[0]: process must have the structure {"type": "process_type"}',
    ],
    [
      [{ app, port: 80, protocol: "spdy" }],
      "Destinations[0]: port must be a positive integer between 1024 and 65535 inclusive., " +
        "Destinations[0]: protocol must be 'http1', 'http2' or 'tcp'.",
    ],
    [
      [{ app, weight: 100 }],
      "Destinations[0]: weighted destinations can only be used when replacing all destinations.",
    ],
    [
      Array.from({ length: 11 }, (_, index) => ({ app, port: 2000 + index })),
      "Process must have at most 10 exposed ports.",
    ],
    [[{ app }, { app, port: 8080 }], "Destinations cannot contain duplicate entries"],
    [
      [{ app, protocol: "tcp" }],
      "Cannot use 'tcp' protocol for http routes; valid options are: [http1, http2].",
    ],
    [[{ app: { guid: "nobody" } }], 'App(s) with guid(s) "nobody" do not exist.'],
    [
      [{ app: elsewhere }],
      "Routes destinations must be in either the route's space or the route's shared spaces",
    ],
  ];
  const replacements: [unknown, string][] = [
    [many, "Destinations must be an array containing between 0 and 100 destination objects."],
    [
      [{ app, weight: 101 }],
      "Destinations[0]: weight must be a positive integer between 1 and 100.",
    ],
    [[{ app, weight: 60 }], "Destinations must have weights that sum to 100."],
    [
      [
        { app, weight: 60 },
        { app, port: 9000 },
      ],
      "Destinations cannot contain both weighted and unweighted destinations.",
    ],
  ];
  for (const [list, detail] of insertions) {
    const answer = await caller.post(destinations, { destinations: list });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  for (const [list, detail] of replacements) {
    const answer = await caller.patch(destinations, { destinations: list });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].detail, detail);
  }
  assert.deepEqual((await caller.get(destinations)).json.destinations, []);
});

test("a whole list replaces what a route leads to, what stays keeps its guid, and weights bind", async () => {
  await using cc = await TestCloudController.start();
  const { caller, app, destinations } = await setting(cc);
  const replace = async (list: readonly object[]) =>
    (await caller.patch(destinations, { destinations: list })).json.destinations;

  const first = await replace([{ app }, { app, port: 9000, protocol: "http2" }]);
  const second = await replace([{ app, port: 9000, protocol: "http2" }]);
  const weighted = await replace([
    { app, port: 9000, weight: 80 },
    { app: { ...app, process: { type: "worker" } }, weight: 20 },
  ]);

  assert.deepEqual(first.map(({ port }: { port: number }) => port).sort(), [8080, 9000]);
  const kept = first.find(({ port }: { port: number }) => port === 9000);
  assert.deepEqual(second, [kept]);
  assert.deepEqual(weighted.map(({ weight }: { weight: number }) => weight).sort(), [20, 80]);
  const inserted = await caller.post(destinations, { destinations: [{ app, port: 9001 }] });
  assert.equal(
    inserted.json.errors[0].detail,
    "Destinations cannot be inserted when there are weighted destinations already configured.",
  );
  const deleted = await caller.delete(`${destinations}/${weighted[0].guid}`);
  assert.equal(deleted.status, 422);
  assert.equal(
    deleted.json.errors[0].detail,
    "Weighted destinations cannot be deleted individually.",
  );
  assert.deepEqual(await replace([]), []);
});

test("one destination changes its protocol, is found by filters, and is unmapped by its guid only", async () => {
  await using cc = await TestCloudController.start();
  const { caller, app, destinations, routeGuid } = await setting(cc);
  const added = await caller.post(destinations, { destinations: [{ app }] });
  const [{ guid }] = added.json.destinations;

  const changed = await caller.patch(`${destinations}/${guid}`, { protocol: "http2" });
  const tcp = await caller.patch(`${destinations}/${guid}`, { protocol: "tcp" });
  const nonsense = await caller.patch(`${destinations}/${guid}`, { protocol: "spdy" });
  const again = await caller.post(destinations, { destinations: [{ app }] });
  const filtered = await caller.get(`${destinations}?app_guids=nobody`);
  const badFilter = await caller.get(`${destinations}?colour=red`);
  const missing = await caller.delete(`${destinations}/nobody`);

  assert.equal(changed.json.protocol, "http2");
  assert.equal(changed.json.links.route.href, `${cc.url}/v3/routes/${routeGuid}`);
  assert.equal(
    tcp.json.errors[0].detail,
    "Destination protocol must be 'http1' or 'http2' if the parent route's protocol is 'http'",
  );
  assert.equal(
    nonsense.json.errors[0].detail,
    "Destination protocol must be 'http1', 'http2' or 'tcp'.",
  );
  assert.equal(
    again.json.errors[0].detail,
    `Cannot add destination with protocol: http1. Destination already exists for route: to.apps.localhost, app: ${app.guid}, process: web, and protocol: http2.`,
  );
  assert.deepEqual(filtered.json.destinations, []);
  assert.equal(badFilter.status, 422);
  assert.equal(missing.status, 422);
  assert.equal(
    missing.json.errors[0].detail,
    "Unable to unmap route from destination. Ensure the route has a destination with this guid.",
  );
});

test("the same mapping asked for ten times at once is there once", async () => {
  await using cc = await TestCloudController.start();
  const { caller, app, destinations } = await setting(cc);

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => caller.post(destinations, { destinations: [{ app }] })),
  );

  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
  assert.equal((await caller.get(destinations)).json.destinations.length, 1);
});

async function organizationGuid(cc: TestCloudController): Promise<string> {
  const [organization] = (await (await cc.admin()).get("/v3/organizations")).json.resources;
  return organization.guid;
}

async function setting(cc: TestCloudController) {
  const developer = await Developer.admin(cc);
  const { caller } = developer;
  const app = { guid: await developer.createApp("app") };
  const [space] = (await caller.get("/v3/spaces")).json.resources;
  const [domain] = (await caller.get("/v3/domains")).json.resources;
  const route = await caller.post("/v3/routes", {
    host: "to",
    relationships: {
      space: { data: { guid: space.guid } },
      domain: { data: { guid: domain.guid } },
    },
  });
  const routeGuid: string = route.json.guid;
  return {
    developer,
    caller,
    app,
    routeGuid,
    destinations: `/v3/routes/${routeGuid}/destinations`,
  };
}
