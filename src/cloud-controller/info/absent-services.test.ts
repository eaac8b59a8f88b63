import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace, userWith } from "../testing/tenants.ts";
import { Caller, TestCloudController } from "../testing/test-cloud-controller.ts";

test("the services group lists nothing and checks what it is asked", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const empty = [
    "service_instances?names=a,b&fields[space]=guid,name&fields[service_plan.service_offering]=name&order_by=-name",
    "service_credential_bindings?type=key&include=app,service_instance&service_instance_guids=x",
    "service_route_bindings?include=route&route_guids=x",
    "service_brokers?names=x&label_selector=a",
    "service_offerings?available=true&fields[service_broker]=guid",
    "service_plans?include=service_offering&fields[service_offering.service_broker]=name",
    "service_usage_events?after_guid=x",
  ];
  const wrong: [string, string][] = [
    ["service_instances?type=odd", "Type must be one of 'managed', 'user-provided'"],
    [
      "service_instances?fields[moon]=guid",
      "Fields [moon] valid resources are: 'space', 'space.organization', 'service_plan', 'service_plan.service_offering', 'service_plan.service_offering.service_broker'",
    ],
    [
      "service_offerings?fields[service_broker]=guid,url",
      "Fields valid keys for 'service_broker' are: 'guid', 'name'",
    ],
    ["service_plans?available=yes", "Available must be 'true' or 'false'"],
    [
      "service_brokers?moon=1",
      "Unknown query parameter(s): 'moon'. Valid parameters are: 'page', 'per_page', 'order_by', 'created_ats', 'updated_ats', 'guids', 'space_guids', 'names', 'label_selector'",
    ],
  ];

  for (const path of empty) {
    const answer = await admin.get(`/v3/${path}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.resources, []);
    assert.equal(answer.json.pagination.total_results, 0);
  }
  for (const [path, detail] of wrong) {
    const answer = await admin.get(`/v3/${path}`);
    assert.equal(answer.status, 400, path);
    assert.equal(answer.json.errors[0].detail, `The query parameter is invalid: ${detail}`);
  }
});

test("no service is there, and nothing can be made of one", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const auditor = await userWith(cc, "auditor", {
    spaceGuid,
    organizationGuid,
    types: ["space_auditor"],
  });
  const to = (guid: string) => ({ data: { guid } });
  const managed = {
    type: "managed",
    name: "db",
    relationships: { space: to(spaceGuid), service_plan: to("gold") },
  };
  const absent: ["GET" | "POST" | "PATCH" | "DELETE", string, string][] = [
    ["GET", "service_instances/x", "Service instance not found"],
    ["DELETE", "service_instances/x", "Service instance not found"],
    ["GET", "service_instances/x/credentials", "Service instance not found"],
    ["POST", "service_instances/x/relationships/shared_spaces", "Service instance not found"],
    ["GET", "service_credential_bindings/x/details", "Service credential binding not found"],
    ["PATCH", "service_route_bindings/x", "Service route binding not found"],
    ["PATCH", "service_brokers/x", "Service broker not found"],
    ["GET", "service_offerings/x", "Service offering not found"],
    ["POST", "service_plans/x/visibility", "Service plan not found"],
    ["GET", "service_usage_events/x", "Service usage event not found"],
  ];
  const noInstance = "The service instance could not be found: 'x'";
  const noPlan =
    "Invalid service plan. Ensure that the service plan exists, is available, and you have access to it.";
  const refused: [Caller, string, unknown, number, string][] = [
    [admin, "service_instances", managed, 422, noPlan],
    [
      admin,
      "service_instances",
      { ...managed, relationships: { ...managed.relationships, space: to("nowhere") } },
      422,
      "Invalid space. Ensure that the space exists and you have access to it.",
    ],
    [
      auditor,
      "service_instances",
      managed,
      403,
      "You are not authorized to perform the requested action",
    ],
    [admin, "service_instances", {}, 422, "Type must be one of 'managed', 'user-provided'"],
    [
      admin,
      "service_credential_bindings",
      { type: "key", name: "k", relationships: { service_instance: to("x") } },
      422,
      noInstance,
    ],
    [
      admin,
      "service_credential_bindings",
      { type: "lock", relationships: { service_instance: to("x") } },
      422,
      "Type must be 'app' or 'key'",
    ],
    [
      admin,
      "service_route_bindings",
      { relationships: { service_instance: to("x"), route: to("r") } },
      422,
      noInstance,
    ],
  ];

  for (const [method, path, detail] of absent) {
    const answer = await admin.send(method, `/v3/${path}`);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json.errors[0].detail, detail, path);
  }
  for (const [caller, path, body, status, detail] of refused) {
    const answer = await caller.post(`/v3/${path}`, body);
    assert.equal(answer.status, status, path);
    assert.equal(answer.json.errors[0].detail, detail);
  }
});

test("the marketplace may be seen without a token until its flag hides it", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const nobody = new Caller(cc.url, undefined);

  assert.equal((await nobody.get("/v3/service_offerings")).status, 200);
  assert.equal((await nobody.get("/v3/service_instances")).status, 401);
  await admin.patch("/v3/feature_flags/hide_marketplace_from_unauthenticated_users", {
    enabled: true,
  });
  assert.equal((await nobody.get("/v3/service_plans")).status, 401);
});
