import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

test("a list answers a parameter that it does not know with 400 or 422, as the original's does", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid, organizationGuid } = await firstSpace(admin);
  const bad = [
    "organizations",
    `organizations/${organizationGuid}/users`,
    `organizations/${organizationGuid}/domains`,
    "spaces",
    `spaces/${spaceGuid}/users`,
    "organization_quotas",
    "isolation_segments",
    "stacks",
    "buildpacks",
    "feature_flags",
    "domains",
    "service_brokers",
    "service_offerings",
    "service_plans",
    "service_instances",
    "service_credential_bindings",
    "service_route_bindings",
  ];
  const unprocessable = [
    "roles",
    "users",
    "space_quotas",
    "security_groups",
    `spaces/${spaceGuid}/running_security_groups`,
    `spaces/${spaceGuid}/staging_security_groups`,
    "app_usage_events",
    "service_usage_events",
  ];
  for (const [paths, status, begin] of [
    [bad, 400, "The query parameter is invalid: Unknown query parameter(s): 'moon'. "],
    [unprocessable, 422, "Unknown query parameter(s): 'moon'. "],
  ] as const) {
    for (const path of paths) {
      const answer = await admin.get(`/v3/${path}?moon=1`);
      assert.equal(answer.status, status, path);
      assert.ok(answer.json.errors[0].detail.startsWith(begin), `${path}: ${answer.text}`);
    }
  }
});
