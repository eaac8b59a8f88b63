import assert from "node:assert/strict";
import { test } from "node:test";
import { appWithDroplet } from "../testing/app-with-droplet.ts";

const guidLength = "must be between 1 and 200 characters";

test("a list says what is wrong with its query before it looks for the app", async () => {
  await using stage = await appWithDroplet();
  const { caller } = stage;
  const order = "The query parameter is invalid: Order by can only be: 'created_at', 'updated_at'";
  const lists = [
    ...[
      "builds",
      "droplets",
      "packages",
      "processes",
      "tasks",
      "revisions",
      "routes",
      "sidecars",
    ].map((name) => `apps/nowhere/${name}`),
    "packages/nowhere/droplets",
    "processes/nowhere/sidecars",
  ];
  const rows: readonly [string, number, string][] = [
    ...lists.map((list): [string, number, string] => [`${list}?order_by=colour`, 400, order]),
    ["app_usage_events?order_by=colour", 422, "Order by can only be: 'created_at'"],
    ["app_usage_events?order_by=-updated_at", 422, "Order by can only be: 'created_at'"],
    [
      "routes/nowhere?page=1",
      422,
      "Unknown query parameter(s): 'page'. Valid parameters are: 'guid', 'include'",
    ],
    [
      "route_policies/nowhere?order_by=created_at",
      422,
      "Unknown query parameter(s): 'order_by'. Valid parameters are: 'include'",
    ],
    [
      "audit_events?target_guids[is]=x",
      400,
      "The query parameter is invalid: Target guids target_guids has an invalid operator",
    ],
    [
      "audit_events?colour=x",
      400,
      "The query parameter is invalid: Unknown query parameter(s): 'colour'. Valid parameters are: 'page', 'per_page', 'order_by', 'created_ats', 'updated_ats', 'guids', 'types', 'target_guids', 'space_guids', 'organization_guids'",
    ],
  ];
  for (const [path, status, detail] of rows) {
    const answer = await caller.get(`/v3/${path}`);
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail, path);
  }
});

test("bodies with unusual faults are refused, or taken, as the original does", async () => {
  await using stage = await appWithDroplet();
  const { caller, app, droplet } = stage;
  const route = await caller.get("/v3/domains").then(async ({ json }) => {
    const { space } = (await caller.get(`/v3/apps/${app}`)).json.relationships;
    const [domain] = json.resources;
    const relationships = { space, domain: { data: { guid: domain.guid } } };
    return await caller.post("/v3/routes", { host: "x", relationships });
  });
  const toApp = { relationships: { app: { data: { guid: app } } } };
  const ofApp = `/v3/apps/${app}`;
  const current = `${ofApp}/relationships/current_droplet`;
  const copy = `/v3/droplets?source_guid=${droplet}`;
  const [source] = (await caller.get("/v3/packages")).json.resources;
  const [build] = (await caller.get("/v3/builds")).json.resources;
  const notRemoved = "Current droplet cannot be removed. Replace it with a preferred droplet.";
  const noGuid = `App guid must be a string, App guid ${guidLength}`;

  const sourceForm =
    "Source must be in format 'cf:app:<uuid>', 'cf:space:<uuid>', 'cf:org:<uuid>', or 'cf:any'";

  const refused: readonly ["POST" | "PATCH", string, unknown, string][] = [
    ["PATCH", ofApp, { name: null }, "name presence, name format"],
    ["PATCH", ofApp, { relationships: {} }, "Unknown field(s): 'relationships'"],
    [
      "PATCH",
      ofApp,
      { lifecycle: { data: { buildpacks: 1, stack: 1, x: 1 } } },
      "Lifecycle Unknown field(s): 'x', Lifecycle Stack must be a string, Lifecycle Buildpacks must be an array",
    ],
    ["PATCH", current, { data: { guid: null } }, notRemoved],
    ["PATCH", current, { data: {} }, notRemoved],
    [
      "POST",
      "/v3/packages",
      {},
      "Relationships 'relationships' is not an object, Type must be one of 'bits, docker'",
    ],
    [
      "POST",
      "/v3/packages",
      { ...toApp, type: "tar", data: {} },
      "Type must be one of 'bits, docker'",
    ],
    [
      "POST",
      `/v3/packages?source_guid=${source.guid}`,
      {},
      "App is invalid. Ensure it exists and you have access to it.",
    ],
    ["POST", copy, {}, `App must be an object, ${noGuid}`],
    ["POST", copy, { relationships: { app: {} } }, noGuid],
    ["POST", copy, { relationships: { app: { data: { guid: "" } } } }, `App guid ${guidLength}`],
    [
      "POST",
      "/v3/droplets",
      { ...toApp, process_types: { "": "x", web: 5 } },
      "Process types key must not be empty, Process types value must be a string",
    ],
    [
      "POST",
      "/v3/route_policies",
      { source: "" },
      `Relationships 'relationships' is not an object, Source can't be blank, ${sourceForm}`,
    ],
    [
      "POST",
      "/v3/route_policies",
      { relationships: { route: { data: { guid: route.json.guid } }, x: 1 } },
      "Relationships Unknown field(s): 'x', Source can't be blank, Source must be a string",
    ],
    ["PATCH", `/v3/builds/${build.guid}`, { state: null }, "State '' is not a valid state"],
    [
      "POST",
      `/v3/routes/${route.json.guid}/destinations`,
      {},
      "Destinations must be an array containing between 1 and 100 destination objects.",
    ],
    [
      "POST",
      "/v3/domains",
      { name: "tcp.example", router_group: {} },
      "Router group guid must be a string",
    ],
  ];
  for (const [method, path, body, detail] of refused) {
    const answer = await caller.send(method, path, body);
    const what = `${method} ${path} ${JSON.stringify(body)}`;
    assert.equal(answer.status, 422, `${what}: ${answer.text}`);
    assert.equal(answer.json.errors[0].detail, detail, what);
  }

  const taken: readonly ["POST" | "PATCH", string, unknown, number][] = [
    ["PATCH", ofApp, { lifecycle: { type: null, data: {} } }, 200],
    ["PATCH", ofApp, { metadata: { labels: null, annotations: null } }, 200],
    ["PATCH", `${ofApp}/processes/web`, { health_check: null }, 200],
    ["PATCH", `${ofApp}/processes/web`, { readiness_health_check: { data: null } }, 200],
    ["POST", "/v3/deployments", { ...toApp, droplet: {}, revision: { version: 7 } }, 201],
  ];
  for (const [method, path, body, status] of taken) {
    const answer = await caller.send(method, path, body);
    const what = `${method} ${path} ${JSON.stringify(body)}`;
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
  }
});
